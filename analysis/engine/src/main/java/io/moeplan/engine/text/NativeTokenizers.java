package io.moeplan.engine.text;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Loads the native Hugging Face tokenizers that come with DJL, and nothing else of DJL: no network, no telemetry, no
 * CUDA flavour, no output.
 *
 * <p>
 * DJL unpacks its library below {@code ENGINE_CACHE_DIR}, {@code DJL_CACHE_DIR} or {@code ~/.djl.ai}. Where the home
 * directory cannot be written it goes to a private temporary directory instead, removed when the process ends.
 */
final class NativeTokenizers {
    private static final String CACHE = "ENGINE_CACHE_DIR";

    private NativeTokenizers() {}

    /**
     * The native functions.
     *
     * @throws IOException
     *             if the library cannot be unpacked or loaded, saying why
     */
    static synchronized TokenizersLibrary load() throws IOException {
        // read when DJL's classes are initialised, so set before they are touched
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("RUST_FLAVOR", "cpu");
        chooseCache();
        try {
            LibUtils.checkStatus();
            return TokenizersLibrary.LIB;
        } catch (RuntimeException | LinkageError e) {
            throw new IOException("the native tokenizer library cannot be loaded (" + Messages.oneLine(e)
                    + "); set " + CACHE + " to a directory that can be written and executed from", e);
        }
    }

    private static void chooseCache() throws IOException {
        if (isSet(CACHE) || isSet("DJL_CACHE_DIR")) {
            return;
        }
        if (!canWrite(Path.of(System.getProperty("user.home", "")).resolve(".djl.ai").resolve("tokenizers"))) {
            Path temporary = Files.createTempDirectory("moeplan-tokenizers-");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(temporary)));
            System.setProperty(CACHE, temporary.toString());
        }
    }

    private static boolean isSet(String name) {
        String value = System.getenv(name) != null ? System.getenv(name) : System.getProperty(name);
        return value != null && !value.isEmpty();
    }

    private static boolean canWrite(Path directory) {
        try {
            return Files.isWritable(Files.createDirectories(directory));
        } catch (IOException e) {
            return false;
        }
    }

    private static void delete(Path directory) {
        try (Stream<Path> tree = Files.walk(directory)) {
            List<Path> paths = tree.sorted(Comparator.reverseOrder()).toList();
            for (Path path : paths) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            // the process ends and nobody is left to tell; the system clears its temporary directory
        }
    }
}
