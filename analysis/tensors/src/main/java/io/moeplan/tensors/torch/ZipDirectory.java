package io.moeplan.tensors.torch;

import io.moeplan.tensors.CheckpointException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The entries of a mapped ZIP file (APPNOTE 6.3.10: stored and deflated, ZIP64). The JDK's reader copies what it reads;
 * this one says where stored bytes lie, so that they can be used in place. Checksums are not compared: PyTorch does not
 * either, and can be told not to write them.
 */
final class ZipDirectory {
    /**
     * @param at     where the bytes begin
     * @param packed bytes in the file
     * @param size   bytes after inflating, {@code packed} if stored
     */
    record Entry(String name, boolean deflated, long at, long packed, long size) {}

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int END = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int END64_LOCATOR = 0x07064b50;
    private static final int END64_LOCATOR_BYTES = 20;
    private static final int END64 = 0x06064b50;
    private static final int END64_BYTES = 56;
    private static final int CENTRAL = 0x02014b50;
    private static final int CENTRAL_BYTES = 46;
    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_BYTES = 30;
    private static final long IN_EXTRA = 0xffffffffL;
    /** Deflate cannot do better. */
    private static final long LARGEST_RATIO = 1032;

    private final Path path;
    private final MemorySegment file;
    private final SequencedMap<String, Entry> entries = new LinkedHashMap<>();
    private long next;

    private ZipDirectory(Path path, MemorySegment file) {
        this.path = path;
        this.file = file;
    }

    static ZipDirectory read(Path path, MemorySegment file) throws IOException {
        ZipDirectory zip = new ZipDirectory(path, file);
        try {
            zip.readCentral();
        } catch (IndexOutOfBoundsException e) {
            throw new CheckpointException(path, "damaged ZIP file: a record reaches beyond the end", e);
        }
        return zip;
    }

    SequencedMap<String, Entry> entries() {
        return entries;
    }

    /**
     * The bytes of an entry: a view of the file if stored, a copy on the heap if deflated.
     *
     * @throws IOException if it does not inflate to what it should, or to more than a quarter of the memory there is
     */
    MemorySegment bytes(Entry entry) throws IOException {
        MemorySegment packed = file.asSlice(entry.at(), entry.packed());
        return entry.deflated() ? inflate(entry, packed) : packed;
    }

    private void readCentral() throws IOException {
        long end = findEnd();
        long count = file.get(SHORT, end + 10) & 0xffff;
        long at = file.get(INT, end + 16) & IN_EXTRA;
        long locator = end - END64_LOCATOR_BYTES;
        if (locator >= 0 && file.get(INT, locator) == END64_LOCATOR) {
            long end64 = file.get(LONG, locator + 8);
            if (end64 < 0 || end64 > file.byteSize() - END64_BYTES || file.get(INT, end64) != END64) {
                throw damaged("its ZIP64 end record is not where it should be");
            }
            count = file.get(LONG, end64 + 32);
            at = file.get(LONG, end64 + 48);
        }
        if (count < 0 || count > file.byteSize() / CENTRAL_BYTES || at < 0 || at > end) {
            throw damaged("it claims " + Long.toUnsignedString(count) + " entries listed from byte "
                    + Long.toUnsignedString(at));
        }
        next = at;
        for (long i = 0; i < count; i++) {
            readEntry();
        }
    }

    private long findEnd() throws IOException {
        long lowest = Math.max(0, file.byteSize() - END_BYTES - 0xffff);
        for (long at = file.byteSize() - END_BYTES; at >= lowest; at--) {
            if (file.get(INT, at) == END) {
                return at;
            }
        }
        throw damaged("it has no end record; was it copied whole?");
    }

    private void readEntry() throws IOException {
        long at = next;
        if (file.get(INT, at) != CENTRAL) {
            throw damaged("no entry at byte " + at + ", where the list of them should go on");
        }
        int nameBytes = file.get(SHORT, at + 28) & 0xffff;
        int extraBytes = file.get(SHORT, at + 30) & 0xffff;
        int commentBytes = file.get(SHORT, at + 32) & 0xffff;
        String name = new String(file.asSlice(at + CENTRAL_BYTES, nameBytes).toArray(ValueLayout.JAVA_BYTE),
                StandardCharsets.UTF_8);
        long packed = file.get(INT, at + 20) & IN_EXTRA;
        long size = file.get(INT, at + 24) & IN_EXTRA;
        long local = file.get(INT, at + 42) & IN_EXTRA;
        if (packed == IN_EXTRA || size == IN_EXTRA || local == IN_EXTRA) {
            long field = extra(at + CENTRAL_BYTES + nameBytes, extraBytes, name);
            if (size == IN_EXTRA) {
                size = file.get(LONG, field);
                field += 8;
            }
            if (packed == IN_EXTRA) {
                packed = file.get(LONG, field);
                field += 8;
            }
            if (local == IN_EXTRA) {
                local = file.get(LONG, field);
            }
        }
        if ((file.get(SHORT, at + 8) & 1) != 0) {
            throw new CheckpointException(path, "entry " + name + " is encrypted");
        }
        int method = file.get(SHORT, at + 10) & 0xffff;
        add(name, method, local, packed, size);
        next = at + CENTRAL_BYTES + nameBytes + extraBytes + commentBytes;
    }

    /** Where the ZIP64 field of an entry's extra data begins. */
    private long extra(long from, int bytes, String name) throws IOException {
        long at = from;
        while (at + 4 <= from + bytes) {
            int length = file.get(SHORT, at + 2) & 0xffff;
            if (file.get(SHORT, at) == 1) {
                return at + 4;
            }
            at += 4 + length;
        }
        throw damaged("entry " + name + " lacks its ZIP64 sizes");
    }

    private void add(String name, int method, long local, long packed, long size) throws IOException {
        if (method != 0 && method != 8) {
            throw new CheckpointException(path, "entry " + name + " is compressed by method " + method
                    + "; stored and deflated entries can be read");
        }
        if (local < 0 || local > file.byteSize() - LOCAL_BYTES || file.get(INT, local) != LOCAL) {
            throw damaged("entry " + name + " does not begin where the list says");
        }
        long at = local + LOCAL_BYTES + (file.get(SHORT, local + 26) & 0xffff) + (file.get(SHORT, local + 28) & 0xffff);
        if (packed < 0 || size < 0 || at > file.byteSize() || packed > file.byteSize() - at) {
            throw damaged("entry " + name + " reaches beyond the end");
        }
        if (method == 0 ? size != packed : size / LARGEST_RATIO > packed) {
            throw damaged("entry " + name + " claims " + size + " bytes out of " + packed);
        }
        if (entries.put(name, new Entry(name, method == 8, at, packed, size)) != null) {
            throw damaged("it has two entries " + name);
        }
    }

    private MemorySegment inflate(Entry entry, MemorySegment packed) throws IOException {
        long limit = Math.min(Runtime.getRuntime().maxMemory() / 4, Integer.MAX_VALUE - 8);
        if (entry.size() > limit || packed.byteSize() > Integer.MAX_VALUE) {
            throw new CheckpointException(path, "entry " + entry.name() + " inflates to " + entry.size()
                    + " bytes, more than a quarter of the memory there is; store it without compression (zip -0)");
        }
        byte[] whole = new byte[(int) entry.size()];
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(packed.asByteBuffer());
            int done = 0;
            while (done < whole.length) {
                int some = inflater.inflate(whole, done, whole.length - done);
                if (some == 0) {
                    throw damaged("entry " + entry.name() + " inflates to " + done + " bytes, expected "
                            + whole.length);
                }
                done += some;
            }
        } catch (DataFormatException e) {
            throw new CheckpointException(path, "damaged ZIP file: entry " + entry.name() + " does not inflate", e);
        } finally {
            inflater.end();
        }
        return MemorySegment.ofArray(whole);
    }

    private CheckpointException damaged(String how) {
        return new CheckpointException(path, "damaged ZIP file: " + how);
    }
}
