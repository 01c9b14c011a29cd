package io.moeplan.tensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** How all files of tensors are opened: mapped, and unmapped again if they turn out to be unsound. */
public final class MappedFile {
    /** Makes what a file is; its {@code close()} is to close the arena. */
    @FunctionalInterface
    public interface Parser<T> {
        /**
         * Reads what is needed now.
         *
         * @param file the whole file, read-only, until the arena is closed
         */
        T parse(MemorySegment file, Arena arena) throws IOException;
    }

    private MappedFile() {}

    /**
     * Maps a file and hands it to the parser.
     *
     * @throws IOException if there is no such file, or from the parser
     */
    @SuppressWarnings("MustBeClosedChecker") // the arena goes to what is made of the file, whose close() closes it
    public static <T> T open(Path path, Parser<T> parser) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new CheckpointException(path, "no such file");
        }
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return parser.parse(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena), arena);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }
}
