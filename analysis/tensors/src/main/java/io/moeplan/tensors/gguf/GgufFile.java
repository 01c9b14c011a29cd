package io.moeplan.tensors.gguf;

import io.moeplan.tensors.MappedFile;
import io.moeplan.tensors.StridedTensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/** A mapped GGUF file, versions 2 and 3, little-endian. Closing it unmaps its tensors. */
public final class GgufFile implements AutoCloseable {
    private final Path path;
    private final Arena arena;
    private final GgufHeader header;

    private GgufFile(Path path, Arena arena, GgufHeader header) {
        this.path = path;
        this.arena = arena;
        this.header = header;
    }

    /**
     * Maps the file and reads its header.
     *
     * @throws IOException if there is no such file, or the header is not to be trusted
     */
    public static GgufFile open(Path path) throws IOException {
        return MappedFile.open(path, (file, arena) -> new GgufFile(path, arena, GgufHeader.read(path, file)));
    }

    public Path path() {
        return path;
    }

    /** Numbers ({@link Long}, {@link Double}), strings and booleans of the header; arrays are left out. */
    public Map<String, Object> metadata() {
        return Collections.unmodifiableMap(header.metadata());
    }

    /** Names of all tensors, in the file's order. */
    public SequencedMap<String, Integer> types() {
        return Collections.unmodifiableSequencedMap(header.types());
    }

    /** A tensor of plain numbers; empty if there is none of that name, or it is quantised. Shapes are row-major. */
    public Optional<StridedTensor> find(String name) {
        return Optional.ofNullable(header.tensors().get(name));
    }

    @Override
    public void close() {
        arena.close();
    }
}
