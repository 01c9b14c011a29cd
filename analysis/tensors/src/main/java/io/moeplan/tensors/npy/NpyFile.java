package io.moeplan.tensors.npy;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.StridedTensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A mapped {@code .npy} file. Closing it unmaps its array. */
public final class NpyFile implements AutoCloseable {
    private final Arena arena;
    private final StridedTensor array;

    private NpyFile(Path path, Arena arena) throws IOException {
        this.arena = arena;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            this.array = NpyArray.parse(path, "the array", file);
        }
    }

    /**
     * Maps the file and checks its header.
     *
     * @throws IOException if there is no such file, or it is none of numbers, in little-endian order
     */
    @SuppressWarnings("MustBeClosedChecker") // the arena goes to the returned file, whose close() closes it
    public static NpyFile open(Path path) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new CheckpointException(path, "no such file");
        }
        Arena arena = Arena.ofShared();
        try {
            return new NpyFile(path, arena);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    public StridedTensor array() {
        return array;
    }

    @Override
    public void close() {
        arena.close();
    }
}
