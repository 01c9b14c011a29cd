package io.moeplan.engine.cuda.kernels;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.Kernel;
import io.moeplan.engine.cuda.driver.Kernels;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.driver.Stream;
import io.moeplan.engine.cuda.driver.TensorMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** Causal attention of whole sequences: {@code attention.cu} on Hopper, else {@code attention_mma.cu}. */
public final class Attention {
    private static final int HOPPER_THREADS = 384;
    private static final int THREADS = 256;
    private static final int TILE = 128;
    private static final int BLOCK = 64;

    private final Cuda cuda;
    private final Kernel kernel;
    private final Heads heads;
    private final NumberType type;
    private final int shared;
    private final boolean hopper;

    /**
     * The kind of heads.
     *
     * @param queries    query heads
     * @param keys       key and value heads, a divisor of the query heads
     * @param columns    of a query and a key: 64, 128 or 192
     * @param values     columns of a value: 64 or 128
     * @param sharedRope whether the last 64 columns of keys are one matrix for all heads
     */
    public record Heads(int queries, int keys, int columns, int values, boolean sharedRope) {}

    /**
     * Matrices, all of 16-bit numbers in device memory, row-major, a row a token.
     *
     * @param q     {@code [tokens][queries * columns]}
     * @param k     keys, a head's columns {@code k.step} after those of the head before
     * @param v     values, likewise
     * @param rope  {@code [tokens][64]}, the shared last columns of the keys; anything if there are none
     * @param out   {@code [tokens][queries * values]}
     */
    public record Matrices(Rows q, Rows k, Rows v, Rows rope, Rows out) {}

    /**
     * Rows of a matrix, or of some columns of one.
     *
     * @param stride elements from a row to the next, a multiple of 8 as the address is of 16 bytes
     * @param step   elements from a head to the next
     */
    public record Rows(long address, long stride, int step) {}

    /**
     * Options of a layer.
     *
     * @param scale  of scores
     * @param window how many keys a query sees, itself included; 0 for all
     * @param sinks  device address of a float32 logit of each query head that stands for no value, or 0
     */
    public record Options(float scale, int window, long sinks) {}

    /** The tiles of sequences, for all layers; the longest work comes first. */
    public static final class Tiles implements AutoCloseable {
        private final DeviceBuffer items;
        private final int count;
        private final int tokens;

        /** @param starts first token of each sequence, and the end of the last */
        public Tiles(Cuda cuda, Stream stream, int[] starts) {
            List<int[]> tiles = new ArrayList<>();
            for (int s = 0; s + 1 < starts.length; s++) {
                int length = starts[s + 1] - starts[s];
                for (int query = 0; query < length; query += TILE) {
                    tiles.add(new int[]{starts[s], length, query, 0});
                }
            }
            tiles.sort(Comparator.comparingInt(tile -> -tile[2]));
            count = tiles.size();
            tokens = starts[starts.length - 1];
            items = new DeviceBuffer(cuda, 16L * count);
            try (Arena arena = Arena.ofConfined()) {
                items.write(stream, 0, arena.allocateFrom(ValueLayout.JAVA_INT,
                        tiles.stream().flatMapToInt(Arrays::stream).toArray()));
                stream.synchronize();
            }
        }

        @Override
        public void close() {
            items.close();
        }
    }

    /** @throws IllegalArgumentException if {@link #takes} says no to these heads */
    public Attention(Cuda cuda, Kernels kernels, Heads heads) {
        if (!takes(heads)) {
            throw new IllegalArgumentException("no kernel takes " + heads);
        }
        this.cuda = cuda;
        this.heads = heads;
        type = kernels.type();
        hopper = cuda.hopper();
        shared = hopper
                ? TILE * 2 * (3 * heads.columns + 2 * heads.values) + 1024
                : (TILE + BLOCK) * (heads.columns * 2 + 16) + BLOCK * (heads.values * 2 + 16);
        String name = hopper ? "attention" : "attention_mma";
        kernel = kernels.get(name, name, "QK=" + heads.columns, "VALUES=" + heads.values,
                "SHARED_ROPE=" + (heads.sharedRope ? 1 : 0)).withShared(shared);
    }

    /** Whether heads of this kind are among those it takes. */
    public static boolean takes(Heads heads) {
        if (heads.columns == 192) {
            return heads.values == 128;
        }
        return !heads.sharedRope && heads.columns == heads.values && (heads.values == 64 || heads.values == 128);
    }

    /** Queues the attention of all sequences. */
    public void attend(Stream stream, Tiles tiles, Matrices matrices, Options options) {
        if (!hopper) {
            attendWithoutCopyEngine(stream, tiles, matrices, options);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            int own = heads.sharedRope ? heads.columns - 64 : heads.columns;
            MemorySegment q = map(arena, tiles, matrices.q, heads.queries, heads.columns);
            MemorySegment k = map(arena, tiles, matrices.k, heads.keys, own);
            MemorySegment v = map(arena, tiles, matrices.v, heads.keys, heads.values);
            MemorySegment rope = heads.sharedRope ? map(arena, tiles, matrices.rope, 1, 64) : k;
            kernel.launch(stream, new int[]{cuda.multiprocessors(), 1, 1}, HOPPER_THREADS, shared, q, k, v, rope,
                    matrices.out.address, matrices.out.stride, tiles.items, tiles.count, heads.queries,
                    heads.queries / heads.keys, matrices.k.step, matrices.v.step, options.scale, options.window,
                    options.sinks);
        }
    }

    private void attendWithoutCopyEngine(Stream stream, Tiles tiles, Matrices m, Options options) {
        kernel.launch(stream, new int[]{tiles.count * heads.queries, 1, 1}, THREADS, shared, m.q.address, m.q.stride,
                m.k.address, m.k.stride, m.v.address, m.v.stride, m.rope.address, m.rope.stride, m.out.address,
                m.out.stride, tiles.items, heads.queries, heads.queries / heads.keys, m.k.step, m.v.step,
                options.scale, options.window, options.sinks);
    }

    private MemorySegment map(Arena arena, Tiles tiles, Rows rows, int count, int width) {
        long columns = (long) (count - 1) * rows.step + width;
        return TensorMap.of(cuda, arena, type, rows.address, tiles.tokens, columns, rows.stride, TILE);
    }
}
