package io.moeplan.recording.imports;

import io.moeplan.recording.Absent;
import io.moeplan.recording.RequestRow;
import io.moeplan.recording.TokenRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Outputs of vLLM or SGLang with routed experts, a JSON object a line. The last token of an output is not run through the
 * model and so not routed. Layers in which all tokens have expert 0 alone, or -1, are dense ones that SGLang leaves empty.
 */
final class RoutedExperts implements TokenSource {
    private static final int CHUNK = 256;

    private final Path path;
    private final ImportOptions options;
    private final Set<Absent> absent = EnumSet.of(Absent.LAYER_NUMBERS);
    private boolean[] busy = new boolean[0];
    private int topK;
    private int largestId;

    private RoutedExperts(Path path, ImportOptions options) {
        this.path = path;
        this.options = options;
    }

    /** Reads the file once, to see its shape. */
    static RoutedExperts open(Path path, ImportOptions options) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new IOException(path + ": no such file");
        }
        RoutedExperts made = new RoutedExperts(path, options);
        Lines.forEach(path, (line, number, done) -> {
            for (CapturedOutput output : CapturedOutput.of(path, line, number, options)) {
                made.look(output, number);
            }
            return true;
        });
        if (made.layers().length == 0) {
            throw new IOException(path + ": no token has any expert");
        }
        if (options.experts() == null) {
            made.absent.add(Absent.EXPERTS);
        } else if (made.largestId >= options.experts()) {
            throw new IOException(path + ": holds expert " + made.largestId + ", but --experts says "
                    + options.experts());
        }
        return made;
    }

    private void look(CapturedOutput output, long number) throws IOException {
        ExpertIds ids = output.experts();
        if (ids.tokens() == 0) {
            return;
        }
        if (topK == 0) {
            topK = ids.topK();
            busy = new boolean[ids.layers()];
        }
        if (ids.topK() != topK || ids.layers() != busy.length) {
            throw new IOException(path + ": output " + number + " has " + ids.layers() + " layers and " + ids.topK()
                    + " experts per token, those before it " + busy.length + " and " + topK);
        }
        int[] all = ids.ids();
        for (int i = 0; i < all.length; i++) {
            if (all[i] < -1 || all[i] >= 1 << 16) {
                throw new IOException(path + ": output " + number + " has expert " + all[i]
                        + ", expected 0 to 65535 (-1 for none)");
            }
            largestId = Math.max(largestId, all[i]);
            busy[i / topK % busy.length] |= all[i] > 0 || (topK == 1 && all[i] == 0);
        }
        if (output.prompt() < 0) {
            absent.add(Absent.PHASES);
        }
        if (output.tokens().length < ids.start() + ids.tokens()) {
            absent.add(Absent.TOKEN_IDS);
        }
    }

    private int[] layers() {
        return IntStream.range(0, busy.length).filter(layer -> busy[layer]).toArray();
    }

    @Override
    public String name() {
        return SourceNames.of(path);
    }

    @Override
    public SourceFormat format() {
        return SourceFormat.ROUTED_EXPERTS;
    }

    @Override
    public Shape shape() {
        int experts = options.experts() == null ? Math.max(largestId + 1, topK) : options.experts();
        return new Shape(layers(), busy.length, experts, topK, 0, absent);
    }

    @Override
    public void forEachToken(Visitor visitor) throws IOException {
        int[] layers = layers();
        int[] request = {0};
        Lines.forEach(path, (line, number, done) -> {
            for (CapturedOutput output : CapturedOutput.of(path, line, number, options)) {
                feed(output, number, request[0], layers, visitor, done);
                request[0]++;
            }
            return true;
        });
    }

    private void feed(CapturedOutput output, long number, int request, int[] layers, Visitor visitor, double done)
            throws IOException {
        ExpertIds ids = output.experts();
        int prompt = output.prompt() < 0
                ? ids.tokens()
                : Math.clamp((long) output.prompt() - ids.start(), 0, ids.tokens());
        visitor.request(new RequestRow(request, shortened(output.id()), shortened(output.tag()), prompt,
                ids.tokens() - prompt));
        for (int from = 0; from < ids.tokens(); from += CHUNK) {
            int some = Math.min(CHUNK, ids.tokens() - from);
            visitor.tokens(rows(output, number, request, layers, prompt, from, some), done);
        }
    }

    private static String shortened(String text) {
        return text == null || text.length() < 1000 ? text : text.substring(0, 1000);
    }

    private TokenRows rows(CapturedOutput output, long number, int request, int[] layers, int prompt, int from,
            int some) throws IOException {
        ExpertIds ids = output.experts();
        short[] experts = new short[some * layers.length * topK];
        int[] requests = new int[some];
        int[] positions = new int[some];
        int[] tokenIds = new int[some];
        byte[] phases = new byte[some];
        Arrays.fill(requests, request);
        int next = 0;
        for (int i = 0; i < some; i++) {
            int token = from + i;
            positions[i] = ids.start() + token;
            tokenIds[i] = positions[i] < output.tokens().length ? output.tokens()[positions[i]] : -1;
            phases[i] = token < prompt ? TokenRows.PROMPT : TokenRows.RESPONSE;
            for (int layer : layers) {
                for (int k = 0; k < topK; k++) {
                    int id = ids.ids()[(token * busy.length + layer) * topK + k];
                    if (id < 0) {
                        throw new IOException(path + ": output " + number + ", token " + token + " has no expert in"
                                + " layer " + layer + ", others have " + topK);
                    }
                    experts[next++] = (short) id;
                }
            }
        }
        return new TokenRows(requests, positions, tokenIds, phases, experts, null);
    }

    @Override
    public void close() {
        // the file is opened for each walk
    }
}
