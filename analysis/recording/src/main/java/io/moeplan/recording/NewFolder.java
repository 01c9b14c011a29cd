package io.moeplan.recording;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Makes a folder whole or not at all: what goes into it is written beside it and moved. */
public final class NewFolder {
    /** Writes into a folder. */
    @FunctionalInterface
    public interface Filling<T> {
        T into(Path folder) throws IOException;
    }

    private NewFolder() {}

    public static <T> T fill(Path out, Filling<T> filling) throws IOException {
        if (Files.exists(out)) {
            throw new IOException(out + ": exists already; name a new folder for the recording");
        }
        Path absolute = out.toAbsolutePath();
        Path temporary = absolute.resolveSibling("." + absolute.getFileName() + ".unfinished");
        delete(temporary);
        Thread interrupted = Thread.ofPlatform().unstarted(() -> clear(temporary));
        Runtime.getRuntime().addShutdownHook(interrupted);
        try {
            T made = filling.into(temporary);
            Files.move(temporary, absolute, StandardCopyOption.ATOMIC_MOVE);
            return made;
        } finally {
            delete(temporary);
            forget(interrupted);
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The program is being ended: the hook runs already.
            return;
        }
    }

    /** Deletes what was begun when the program is interrupted; the work goes on beside it until the program ends. */
    private static void clear(Path folder) {
        for (int tries = 0; tries < 3; tries++) {
            try {
                delete(folder);
                return;
            } catch (IOException | UncheckedIOException e) {
                // Something was made or deleted meanwhile: once more.
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> found;
        try (Stream<Path> walk = Files.walk(folder)) {
            found = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path each : found) {
            Files.deleteIfExists(each);
        }
    }
}
