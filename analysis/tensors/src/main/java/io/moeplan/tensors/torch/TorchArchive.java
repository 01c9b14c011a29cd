package io.moeplan.tensors.torch;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.MappedFile;
import io.moeplan.tensors.Printable;
import io.moeplan.tensors.StridedTensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A mapped PyTorch archive ({@code .pt}, PyTorch 1.6 and later). Its values are read when it is opened, the elements of
 * its tensors when they are asked for: stored ones in place, deflated ones into memory, a storage at a time. Closing it
 * unmaps all of them. One thread at a time.
 */
public final class TorchArchive implements AutoCloseable {
    private static final int ZIP = 0x04034b50;
    private static final int EMPTY_ZIP = 0x06054b50;
    /** A pickle of protocol 2 that begins with the long 0x1950a86a20f9469cfc6c. */
    private static final byte[] LEGACY = {(byte) 0x80, 2, (byte) 0x8a, 10, 0x6c, (byte) 0xfc, (byte) 0x9c, 0x46,
        (byte) 0xf9, 0x20, 0x6a, (byte) 0xa8, 0x50, 0x19};
    private static final int TAR_MAGIC_AT = 257;
    private static final byte[] TAR_MAGIC = "ustar".getBytes(StandardCharsets.US_ASCII);
    private static final String PICKLE = "data.pkl";
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final Arena arena;
    private final ZipDirectory zip;
    private final String prefix;
    private final Value root;
    private ZipDirectory.Entry inflated;
    private MemorySegment inflatedBytes;

    private TorchArchive(Path path, MemorySegment file, Arena arena) throws IOException {
        this.path = path;
        this.arena = arena;
        requireZip(path, file);
        this.zip = ZipDirectory.read(path, file);
        ZipDirectory.Entry pickle = pickle();
        this.prefix = pickle.name().substring(0, pickle.name().length() - PICKLE.length());
        requireLittleEndian();
        this.root = Unpickler.read(path, zip.bytes(pickle), this::tensor);
    }

    /**
     * Opens an archive and reads everything but the tensors' elements.
     *
     * @throws IOException if there is no such file, it is no such archive, it is damaged, or it holds anything else than
     *                     tensors and plain values; the message says which
     */
    public static TorchArchive open(Path path) throws IOException {
        return MappedFile.open(path, (file, arena) -> new TorchArchive(path, file, arena));
    }

    private static void requireZip(Path path, MemorySegment file) throws IOException {
        if (begins(file, 0, LEGACY) || begins(file, TAR_MAGIC_AT, TAR_MAGIC)) {
            throw new CheckpointException(path,
                    "a legacy PyTorch archive (before 1.6), which is not supported; load it in"
                            + " PyTorch and save it again with torch.save");
        }
        int magic = file.byteSize() < 4 ? 0 : file.get(INT, 0);
        if (magic == ZIP || magic == EMPTY_ZIP) {
            return;
        }
        boolean pickle = file.byteSize() > 1 && file.get(ValueLayout.JAVA_BYTE, 0) == (byte) 0x80;
        throw new CheckpointException(path, pickle
                ? "a bare pickle, no PyTorch archive; save it with torch.save"
                : "no PyTorch archive: it does not begin like a ZIP file");
    }

    private static boolean begins(MemorySegment file, long at, byte[] magic) {
        return file.byteSize() >= at + magic.length
                && file.asSlice(at, magic.length).mismatch(MemorySegment.ofArray(magic)) < 0;
    }

    private ZipDirectory.Entry pickle() throws IOException {
        ZipDirectory.Entry found = null;
        for (ZipDirectory.Entry entry : zip.entries().values()) {
            String name = entry.name();
            if (name.equals(PICKLE) || (name.endsWith("/" + PICKLE) && name.indexOf('/') == name.lastIndexOf('/'))) {
                if (found != null) {
                    throw new CheckpointException(path, "no PyTorch archive: two entries data.pkl");
                }
                found = entry;
            }
        }
        if (found == null) {
            throw new CheckpointException(path, "a ZIP file, but no PyTorch archive: it has no entry data.pkl");
        }
        return found;
    }

    private void requireLittleEndian() throws IOException {
        ZipDirectory.Entry order = zip.entries().get(prefix + "byteorder");
        if (order == null) {
            return;
        }
        byte[] word = order.size() > 16 ? new byte[0] : zip.bytes(order).toArray(ValueLayout.JAVA_BYTE);
        if (!new String(word, StandardCharsets.US_ASCII).equals("little")) {
            throw new CheckpointException(path, "written on a big-endian machine, which is not supported");
        }
    }

    private StridedTensor tensor(Value.Storage storage, DType type, long offset, long[] shape, long[] strides)
            throws IOException {
        String name = prefix + "data/" + storage.key();
        ZipDirectory.Entry entry = zip.entries().get(name);
        if (entry == null) {
            throw new CheckpointException(path, "a tensor lies in storage " + Printable.of(name)
                    + ", which the archive does not have");
        }
        int width = storage.type() == null ? 1 : storage.type().bytes();
        if (storage.elements() > entry.size() / width) {
            throw new CheckpointException(path, "storage " + Printable.of(name) + " has " + entry.size()
                    + " bytes, too few for " + storage.elements() + " elements of " + width);
        }
        long capacity = storage.elements() * width / type.bytes();
        return StridedTensor.of(path, Printable.of(name), type, shape, strides, offset, capacity,
                () -> bytes(entry));
    }

    private MemorySegment bytes(ZipDirectory.Entry entry) throws IOException {
        if (!entry.deflated()) {
            return zip.bytes(entry);
        }
        if (!entry.equals(inflated)) {
            inflatedBytes = null;
            inflatedBytes = zip.bytes(entry);
            inflated = entry;
        }
        return inflatedBytes;
    }

    public Path path() {
        return path;
    }

    /** What was saved. */
    public Value root() {
        return root;
    }

    @Override
    public void close() {
        arena.close();
    }
}
