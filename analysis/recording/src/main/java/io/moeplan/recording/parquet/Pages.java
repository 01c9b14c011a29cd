package io.moeplan.recording.parquet;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one row group has of a column.
 *
 * @param dictionary bytes of the dictionary page's values, null if there is none
 * @param entries    in the dictionary
 * @param values     values of the data page, those of lists counted one by one
 * @param data       bytes of the data page
 */
record Pages(byte[] dictionary, int entries, int values, byte[] data) {
    /** Runs of bit-packed values are kept so short that their header takes one byte. */
    private static final int GROUPS_IN_RUN = 63;
    private static final int GROUP = 8;

    /** @param rows an array of the kind that {@link ParquetColumn} says */
    static Pages of(ParquetColumn column, Object rows, int count) {
        return switch (column) {
            case ParquetColumn.Ints ints -> new Pages(null, 0, count, plain((int[]) rows, count));
            case ParquetColumn.Longs longs -> new Pages(null, 0, count, plain((long[]) rows, count));
            case ParquetColumn.Texts texts -> texts((String[]) rows, count);
            case ParquetColumn.Lists lists -> lists(lists, (int[]) rows, count);
        };
    }

    private static byte[] plain(int[] values, int count) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(count, Integer.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(values, 0, count);
        return bytes.array();
    }

    private static byte[] plain(long[] values, int count) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(count, Long.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values, 0, count);
        return bytes.array();
    }

    private static Pages lists(ParquetColumn.Lists column, int[] values, int rows) {
        int count = Math.multiplyExact(rows, column.size());
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        levels(data, repetitions(rows, column.size()));
        ByteArrayOutputStream present = new ByteArrayOutputStream();
        run(present, count, 1);
        levels(data, present);
        if (column.below() == 0) {
            data.writeBytes(plain(values, count));
            return new Pages(null, 0, count, data.toByteArray());
        }
        int[] all = new int[column.below()];
        for (int i = 0; i < all.length; i++) {
            all[i] = i;
        }
        indices(data, values, count, column.below());
        return new Pages(plain(all, all.length), all.length, count, data.toByteArray());
    }

    /** 0 where a list begins, 1 where it goes on. */
    private static ByteArrayOutputStream repetitions(int rows, int size) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (size == 1) {
            run(out, rows, 0);
            return out;
        }
        for (int row = 0; row < rows; row++) {
            run(out, 1, 0);
            run(out, size - 1, 1);
        }
        return out;
    }

    private static Pages texts(String[] texts, int count) {
        Map<String, Integer> known = new LinkedHashMap<>();
        int[] indices = new int[count];
        int present = 0;
        ByteArrayOutputStream levels = new ByteArrayOutputStream();
        int begun = 0;
        for (int i = 0; i < count; i++) {
            if (i > 0 && (texts[i] == null) != (texts[i - 1] == null)) {
                run(levels, i - begun, texts[i - 1] == null ? 0 : 1);
                begun = i;
            }
            if (texts[i] != null) {
                Integer index = known.putIfAbsent(texts[i], known.size());
                indices[present++] = index == null ? known.size() - 1 : index;
            }
        }
        run(levels, count - begun, texts[count - 1] == null ? 0 : 1);
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        levels(data, levels);
        indices(data, indices, present, known.size());
        return new Pages(dictionary(List.copyOf(known.keySet())), known.size(), count, data.toByteArray());
    }

    private static byte[] dictionary(List<String> texts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (String text : texts) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            little(out, bytes.length);
            out.writeBytes(bytes);
        }
        return out.toByteArray();
    }

    private static void levels(ByteArrayOutputStream out, ByteArrayOutputStream levels) {
        little(out, levels.size());
        out.writeBytes(levels.toByteArray());
    }

    private static void little(ByteArrayOutputStream out, int value) {
        out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    }

    /** A run of one level, which takes one bit. */
    private static void run(ByteArrayOutputStream out, int length, int level) {
        if (length > 0) {
            ThriftOutput.varint(out, (long) length << 1);
            out.write(level);
        }
    }

    /** Places in a dictionary, in as many bits as the largest may need. */
    private static void indices(ByteArrayOutputStream out, int[] indices, int count, int entries) {
        int width = Math.max(1, Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(0, entries - 1)));
        out.write(width);
        int inRun = GROUPS_IN_RUN * GROUP;
        byte[] packed = new byte[GROUPS_IN_RUN * width];
        for (int from = 0; from < count; from += inRun) {
            int some = Math.min(inRun, count - from);
            int groups = Math.ceilDiv(some, GROUP);
            out.write((groups << 1) | 1);
            out.write(packed, 0, pack(indices, from, some, groups, width, packed));
        }
    }

    /** Lowest bits first; groups of eight values are padded with zeros. */
    private static int pack(int[] indices, int from, int some, int groups, int width, byte[] into) {
        long bits = 0;
        int held = 0;
        int at = 0;
        for (int i = 0; i < groups * GROUP; i++) {
            bits |= (long) (i < some ? indices[from + i] : 0) << held;
            held += width;
            while (held >= Byte.SIZE) {
                into[at++] = (byte) bits;
                bits >>>= Byte.SIZE;
                held -= Byte.SIZE;
            }
        }
        return at;
    }
}
