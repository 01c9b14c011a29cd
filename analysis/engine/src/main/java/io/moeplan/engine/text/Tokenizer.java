package io.moeplan.engine.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.moeplan.tensors.JsonProblem;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A model's tokenizer, from its {@code tokenizer.json} or Kimi's {@code tiktoken.model}, without truncation or padding.
 *
 * <p>
 * Encoding and decoding may be called by several threads at once, but not while or after {@link #close}.
 */
public final class Tokenizer implements TextEncoder, AutoCloseable {
    private static final long MAX_FILE = 512L << 20;
    private static final List<String> FILES = List.of("tokenizer.json", TiktokenModel.NAME);

    private final TokenizersLibrary calls;
    private final AtomicLong handle;

    private Tokenizer(TokenizersLibrary library, long handle) {
        this.calls = library;
        this.handle = new AtomicLong(handle);
    }

    /** The file of a model's directory that its tokenizer is in, if there is one that can be read. */
    public static Optional<Path> find(Path model) {
        return FILES.stream().map(model::resolve).filter(Files::isRegularFile).findFirst();
    }

    /**
     * Opens a tokenizer.
     *
     * @param path
     *            a {@code tokenizer.json} or {@code tiktoken.model}, or a model directory that holds one
     * @throws IOException
     *             if it is missing or not a tokenizer, in one line that names the file
     */
    public static Tokenizer open(Path path) throws IOException {
        Path file = Files.isDirectory(path) ? find(path).orElse(path.resolve(FILES.getFirst())) : path;
        String json = file.endsWith(TiktokenModel.NAME) ? TiktokenModel.toJson(file) : read(file);
        check(file, json);
        TokenizersLibrary library = NativeTokenizers.load();
        try {
            long handle = library.createTokenizerFromString(json);
            library.disableTruncation(handle);
            library.disablePadding(handle);
            return new Tokenizer(library, handle);
        } catch (RuntimeException e) {
            throw new IOException(file + ": not a tokenizer this build can run: " + Messages.oneLine(e), e);
        }
    }

    private static String read(Path file) throws IOException {
        try {
            if (Files.size(file) > MAX_FILE) {
                throw new IOException(file + ": larger than any tokenizer, " + Files.size(file) + " bytes");
            }
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new IOException(file + ": no such file; the model has no tokenizer.json", e);
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": not a tokenizer: not UTF-8 text", e);
        }
    }

    /** The native library's own complaints about broken JSON help nobody. */
    private static void check(Path file, String json) throws IOException {
        JsonFactory factory = JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder().maxStringLength((int) MAX_FILE).build()).build();
        boolean model = false;
        try (JsonParser parser = factory.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException(file + ": not a tokenizer: expected a JSON object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                model |= parser.currentName().equals("model");
                parser.nextToken();
                parser.skipChildren();
            }
            if (parser.nextToken() != null) {
                throw new IOException(file + ": not valid JSON: something follows the object");
            }
        } catch (JsonProcessingException e) {
            throw new IOException(JsonProblem.in(file, e), e);
        }
        if (!model) {
            throw new IOException(file + ": not a tokenizer: it has no \"model\"");
        }
    }

    /**
     * Encodes a text of any length.
     *
     * @param addSpecial
     *            whether to add what the tokenizer puts around a text, e.g. a beginning-of-sequence token; special
     *            tokens written out in the text are recognised either way
     * @return token ids
     */
    public int[] encode(String text, boolean addSpecial) {
        return take(calls.encode(handle(), text, addSpecial));
    }

    /** Encodes texts on all cores, each as {@link #encode} does. */
    @Override
    public List<int[]> encodeAll(List<String> texts, boolean addSpecial) {
        List<int[]> ids = new ArrayList<>(texts.size());
        for (long encoding : calls.batchEncode(handle(), texts.toArray(String[]::new), addSpecial)) {
            ids.add(take(encoding));
        }
        return ids;
    }

    private int[] take(long encoding) {
        try {
            long[] wide = calls.getTokenIds(encoding);
            int[] ids = new int[wide.length];
            for (int i = 0; i < wide.length; i++) {
                ids[i] = Math.toIntExact(wide[i]);
            }
            return ids;
        } finally {
            calls.deleteEncoding(encoding);
        }
    }

    /**
     * The text of token ids.
     *
     * @param skipSpecial
     *            whether to leave special tokens out
     */
    public String decode(int[] ids, boolean skipSpecial) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        return calls.decode(handle(), wide, skipSpecial);
    }

    private long handle() {
        long open = handle.get();
        if (open == 0) {
            throw new IllegalStateException("the tokenizer is closed");
        }
        return open;
    }

    @Override
    public void close() {
        long open = handle.getAndSet(0);
        if (open != 0) {
            calls.deleteTokenizer(open);
        }
    }
}
