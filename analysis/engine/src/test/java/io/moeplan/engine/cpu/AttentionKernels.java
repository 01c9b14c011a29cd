package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.LayerWeights;
import java.lang.foreign.Arena;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A tile of attention, and the exponentials that it is made of. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AttentionKernels {
    private static final int SHARING = 4;
    private static final int DIM = 64;

    private final Exponentials exponentials = new Exponentials();
    private final float[] scores = new float[KeyValues.BLOCK];
    private final float[] source = new float[KeyValues.BLOCK];
    private Scratch scratch;
    private SoftmaxTile tile;
    private float[][] queries = {};
    private float[][] mixed = {};

    /** 64 queries of 4 heads each that see the 512 keys up to their own. */
    @Setup
    public void allocate() {
        Arena arena = Arena.ofAuto();
        Random random = new Random(1);
        KeyValues.Shape shape = new KeyValues.Shape(Element.F32, 1, DIM, DIM);
        KeyValues keyValues = KeyValues.in(arena.allocate(2 * shape.blockBytes(), 64), shape);
        for (int token = 0; token < 2 * KeyValues.BLOCK; token++) {
            keyValues.write(token / KeyValues.BLOCK, token % KeyValues.BLOCK, 0, floats(random, DIM), 0,
                    floats(random, DIM), 0);
        }
        int rows = SoftmaxTile.rows(SHARING);
        tile = new SoftmaxTile(keyValues, 0, 2 * KeyValues.BLOCK - rows, rows, SHARING, Attention.Span.ALL);
        scratch = new Scratch(Arithmetic.float32());
        queries = new float[rows][];
        mixed = new float[rows][SHARING * DIM];
        for (int row = 0; row < rows; row++) {
            queries[row] = floats(random, SHARING * DIM);
        }
        System.arraycopy(floats(random, KeyValues.BLOCK), 0, source, 0, KeyValues.BLOCK);
    }

    private static float[] floats(Random random, int count) {
        float[] all = new float[count];
        for (int i = 0; i < count; i++) {
            all[i] = random.nextFloat() - 0.5f;
        }
        return all;
    }

    @Benchmark
    public float[][] tile() {
        tile.mix(0, queries, mixed, 0, 0, NoSinks.INSTANCE, 0, scratch);
        return mixed;
    }

    @Benchmark
    public float[] exponentials() {
        System.arraycopy(source, 0, scores, 0, scores.length);
        exponentials.ofDifferences(scores, 0.5f, scores.length);
        return scores;
    }

    @Benchmark
    public float[] gate() {
        System.arraycopy(source, 0, scores, 0, scores.length);
        exponentials.gate(scores, 1, source, 0, scores.length);
        return scores;
    }

    /** Heads whose projections nobody asks for. */
    private enum NoSinks implements Heads {
        INSTANCE;

        @Override
        public int keptWidth() {
            return 0;
        }

        @Override
        public int kvHeads() {
            return 1;
        }

        @Override
        public int keyDim() {
            return DIM;
        }

        @Override
        public int valueDim() {
            return DIM;
        }

        @Override
        public float sink(int head) {
            return Float.NEGATIVE_INFINITY;
        }

        @Override
        public void prepare(float[][] x, int rows, Positions tokens, float[][] kept, Scratch scratch) {
            throw new IllegalStateException("a tile is given its rows, it asks for none");
        }

        @Override
        public void keysValues(Kept kept, Positions tokens, int head, int heads, float[][] k, float[][] v,
                Scratch scratch) {
            throw new IllegalStateException("a tile is given its rows, it asks for none");
        }

        @Override
        public void queries(Kept kept, Positions tokens, int head, int heads, float[][] q, Scratch scratch) {
            throw new IllegalStateException("a tile is given its rows, it asks for none");
        }

        @Override
        public float[][] outputs(Kept kept, float[][] mixed, int head, int heads, Scratch scratch) {
            throw new IllegalStateException("a tile is given its rows, it asks for none");
        }

        @Override
        public LayerWeights.Linear output() {
            throw new IllegalStateException("a tile is given its rows, it asks for none");
        }
    }
}
