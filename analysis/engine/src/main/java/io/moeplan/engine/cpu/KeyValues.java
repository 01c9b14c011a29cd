package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Bf16;
import io.moeplan.engine.gemm.Element;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Matrix;
import io.moeplan.tensors.matrix.PlainMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.BitSet;

/**
 * Keys and values of sequences in blocks of {@value #BLOCK} tokens, each of one sequence, so that products see them where
 * they are and always in the same shape.
 */
final class KeyValues {
    /** Tokens of a block; the fewer, the less is computed for tokens that are not seen, the more, the faster it goes. */
    static final int BLOCK = 256;

    private static final Path NO_FILE = Path.of("");

    /** What a token has. */
    record Shape(Element element, int heads, int keyDim, int valueDim) {
        /** Bytes of a block. */
        long blockBytes() {
            return (long) BLOCK * heads * (keyDim + valueDim) * element.bytes();
        }
    }

    /**
     * One block.
     *
     * @param data   keys {@code [heads][BLOCK][keyDim]}, then values {@code [heads][BLOCK][valueDim]}
     * @param keys   of each head, {@code [BLOCK][keyDim]}: queries become scores
     * @param values of each head, {@code [valueDim][BLOCK]}: shares become mixed values
     * @param broken rows with a value that is not finite: they are zero in {@code data}, so that tokens before them are
     *               not given zero times infinity; guarded by itself
     */
    private record Block(MemorySegment data, Matrix[] keys, Matrix[] values, BitSet broken) {}

    private final Shape shape;
    private final Block[] blocks;
    private volatile boolean anyBroken;

    private KeyValues(Shape shape, int blocks) {
        this.shape = shape;
        this.blocks = new Block[blocks];
    }

    /** @param data room for all blocks, zeros */
    static KeyValues in(MemorySegment data, Shape shape) {
        KeyValues all = new KeyValues(shape, Math.toIntExact(data.byteSize() / shape.blockBytes()));
        for (int block = 0; block < all.blocks.length; block++) {
            all.blocks[block] = all.block(data.asSlice(block * shape.blockBytes(), shape.blockBytes()));
        }
        return all;
    }

    /** Without memory for any token yet: {@link #reach} before writing. */
    static KeyValues growing(Shape shape, int tokens) {
        return new KeyValues(shape, Math.ceilDiv(tokens, BLOCK));
    }

    private Block block(MemorySegment data) {
        Matrix[] keys = new Matrix[shape.heads];
        Matrix[] values = new Matrix[shape.heads];
        for (int head = 0; head < shape.heads; head++) {
            keys[head] = matrix(data, keyAt(head, 0), shape.keyDim);
            values[head] = matrix(data, valueAt(head, 0), shape.valueDim).transposed();
        }
        return new Block(data, keys, values, new BitSet());
    }

    private PlainMatrix matrix(MemorySegment data, long at, int width) {
        DType type = shape.element == Element.BF16 ? DType.BF16 : DType.F32;
        Tensor tensor = new Tensor(NO_FILE, "keys and values", type, new long[]{BLOCK, width}, 0,
                data.asSlice(at, (long) BLOCK * width * shape.element.bytes()));
        return new PlainMatrix(tensor, BLOCK, width, 0, width, 1);
    }

    private long keyAt(int head, int row) {
        return ((long) head * BLOCK + row) * shape.keyDim * shape.element.bytes();
    }

    private long valueAt(int head, int row) {
        return keyAt(shape.heads, 0) + ((long) head * BLOCK + row) * shape.valueDim * shape.element.bytes();
    }

    /** Makes room for columns {@code [from, to)}. */
    void reach(int from, int to, BlockPool pool) {
        for (int block = from / BLOCK; block * BLOCK < to; block++) {
            if (blocks[block] == null) {
                blocks[block] = block(pool.take(shape.blockBytes()));
            }
        }
    }

    /** Gives back whole blocks of columns before {@code first}, that nobody will attend to again. */
    void forget(int first, BlockPool pool) {
        for (int block = first / BLOCK - 1; block >= 0 && blocks[block] != null; block--) {
            pool.giveBack(blocks[block].data);
            blocks[block] = null;
        }
    }

    /** Gives all blocks back. */
    void end(BlockPool pool) {
        for (int block = 0; block < blocks.length; block++) {
            if (blocks[block] != null) {
                pool.giveBack(blocks[block].data);
                blocks[block] = null;
            }
        }
    }

    /** Blocks there may be. */
    int capacity() {
        return blocks.length;
    }

    /** Keys of a head in a block. */
    Matrix keys(int block, int head) {
        return blocks[block].keys[head];
    }

    /** Values of a head in a block, zero for tokens that were not written since {@link #clear}. */
    Matrix values(int block, int head) {
        return blocks[block].values[head];
    }

    /** Writes one token's key and value of one head. */
    void write(int block, int row, int head, float[] key, int keyFrom, float[] value, int valueFrom) {
        MemorySegment data = blocks[block].data;
        write(key, keyFrom, shape.keyDim, data, keyAt(head, row));
        if (isFinite(value, valueFrom, shape.valueDim)) {
            write(value, valueFrom, shape.valueDim, data, valueAt(head, row));
        } else {
            data.asSlice(valueAt(head, row), valueAt(head, row + 1) - valueAt(head, row)).fill((byte) 0);
            anyBroken = true;
            synchronized (blocks[block].broken) {
                blocks[block].broken.set(row);
            }
        }
    }

    private static boolean isFinite(float[] x, int from, int count) {
        float even = 0;
        float odd = 0;
        for (int i = from; i + 2 <= from + count; i += 2) {
            even += x[i] * 0;
            odd += x[i + 1] * 0;
        }
        return even + odd + x[from + count - 1] * 0 == 0;
    }

    /** Whether a value that was written in rows {@code [from, to)} of a block is not finite. */
    boolean isBroken(int block, int from, int to) {
        if (!anyBroken) {
            return false;
        }
        BitSet broken = blocks[block].broken;
        synchronized (broken) {
            int first = broken.nextSetBit(from);
            return first >= 0 && first < to;
        }
    }

    private void write(float[] from, int at, int count, MemorySegment into, long intoByte) {
        if (shape.element == Element.BF16) {
            Bf16.round(from, at, count, into, intoByte);
        } else {
            MemorySegment.copy(from, at, into, ValueLayout.JAVA_FLOAT, intoByte, count);
        }
    }

    /** Before rows of a block from this one on are written: sets all heads' values in them to zero. */
    void clear(int block, int fromRow) {
        synchronized (blocks[block].broken) {
            blocks[block].broken.clear(fromRow, BLOCK);
        }
        for (int head = 0; head < shape.heads; head++) {
            blocks[block].data.asSlice(valueAt(head, fromRow), valueAt(head + 1, 0) - valueAt(head, fromRow))
                    .fill((byte) 0);
        }
    }
}
