package io.moeplan.tensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One memory-mapped safetensors file whose header has been checked. Closing it unmaps every tensor taken from it. */
public final class SafetensorsFile implements AutoCloseable {
    /** The format's own limit. */
    private static final long MAX_HEADER_BYTES = 100_000_000;
    private static final int PIECES = 64;
    private static final long PIECE_BYTES = 4096;
    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final Arena arena;
    /** The whole file. */
    private final MemorySegment file;
    private final long dataAt;
    private final MemorySegment data;
    private final SafetensorsHeader header;

    private SafetensorsFile(Path path, Arena arena, MemorySegment file, long dataAt, SafetensorsHeader header) {
        this.path = path;
        this.arena = arena;
        this.file = file;
        this.dataAt = dataAt;
        this.data = file.asSlice(dataAt);
        this.header = header;
    }

    /**
     * Maps the file and checks its header; no tensor data is read.
     *
     * @throws IOException if there is no such file or the header is not to be trusted
     */
    public static SafetensorsFile open(Path path) throws IOException {
        return MappedFile.open(path, (file, arena) -> parse(path, file, arena));
    }

    private static SafetensorsFile parse(Path path, MemorySegment file, Arena arena) throws IOException {
        long headerBytes = headerLength(path, file);
        byte[] json = file.asSlice(8, headerBytes).toArray(ValueLayout.JAVA_BYTE);
        long dataAt = 8 + headerBytes;
        return new SafetensorsFile(path, arena, file, dataAt,
                SafetensorsHeader.parse(path, json, file.byteSize() - dataAt));
    }

    private static long headerLength(Path path, MemorySegment file) throws IOException {
        if (file.byteSize() < 8) {
            throw new CheckpointException(path, "truncated: " + file.byteSize() + " bytes, no room for a header");
        }
        long length = file.get(LENGTH, 0);
        long limit = Math.min(MAX_HEADER_BYTES, file.byteSize() - 8);
        if (length < 0 || length > limit) {
            throw new CheckpointException(path, "not a safetensors file, or truncated: the header claims "
                    + Long.toUnsignedString(length) + " bytes, at most " + limit + " are possible");
        }
        return length;
    }

    public Path path() {
        return path;
    }

    /** Tensor names in the header's order. */
    public Set<String> names() {
        return header.entries().keySet();
    }

    /** The free-form strings of {@code __metadata__}. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** Bytes of tensor data. */
    public long bytes() {
        return data.byteSize();
    }

    /** Digests the header, the length of the data, and evenly spaced pieces of it. */
    void digestSample(MessageDigest digest) {
        digest.update(file.asSlice(0, dataAt).asByteBuffer());
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(data.byteSize()).flip());
        long piece = Math.min(PIECE_BYTES, data.byteSize());
        for (int i = 0; i < PIECES; i++) {
            // A double has the bits for every offset in a file of up to 2^53 bytes.
            long at = (long) ((double) i / (PIECES - 1) * (data.byteSize() - piece));
            digest.update(data.asSlice(at, piece).asByteBuffer());
        }
    }

    /** The tensor of that name, a view of the mapped file. */
    public Optional<Tensor> find(String name) {
        return Optional.ofNullable(header.entries().get(name)).map(entry -> new Tensor(path, name, entry.type(),
                entry.shape().clone(), dataAt + entry.begin(),
                data.asSlice(entry.begin(), entry.end() - entry.begin())));
    }

    @Override
    public void close() {
        arena.close();
    }
}
