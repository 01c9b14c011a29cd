package io.moeplan.tensors.npy;

import io.moeplan.tensors.MappedFile;
import io.moeplan.tensors.StridedTensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;

/** A mapped {@code .npy} file. Closing it unmaps its array. */
public final class NpyFile implements AutoCloseable {
    private final Arena arena;
    private final StridedTensor array;

    private NpyFile(Arena arena, StridedTensor array) {
        this.arena = arena;
        this.array = array;
    }

    /**
     * Maps the file and checks its header.
     *
     * @throws IOException if there is no such file, or it is none of numbers, in little-endian order
     */
    public static NpyFile open(Path path) throws IOException {
        return MappedFile.open(path,
                (file, arena) -> new NpyFile(arena, NpyArray.parse(path, "the array", file)));
    }

    public StridedTensor array() {
        return array;
    }

    @Override
    public void close() {
        arena.close();
    }
}
