package io.moeplan.engine.cpu;

import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.model.Router;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What a token costs beside its products: the choice of its 8 experts, and the sum of what they give. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RoutingKernels {
    private static final int TOP_K = 8;
    private static final int HIDDEN = 2048;
    private static final int TOKENS = 1024;

    /** Experts, and how they are scored: {@code grouped} as DeepSeek-V3 does, by sigmoids in 8 groups of which 4 are kept. */
    @Param({"64 softmax", "128 softmax", "256 grouped"})
    public String router = "";

    private final float[] logits = new float[256];
    private final float[] source = new float[256];
    private final char[] experts = new char[TOP_K];
    private final float[] weights = new float[TOP_K];
    private final float[] output = new float[HIDDEN];
    private final float[] buffer = new float[HIDDEN];
    private OffHeapRows residual;
    private TopK topK;
    private int token;

    @Setup
    public void allocate() {
        Arena arena = Arena.ofAuto();
        Random random = new Random(1);
        for (int e = 0; e < source.length; e++) {
            source[e] = random.nextFloat() - 0.5f;
        }
        int count = Integer.parseInt(router.split(" ", -1)[0]);
        topK = new TopK(router.endsWith("grouped")
                ? new Router(count, TOP_K, Router.Score.SIGMOID, Router.Divisor.SUM, 2.5, false, false,
                        Optional.of(new Router.Groups(8, 4, 2)))
                : new Router(count, TOP_K, Router.Score.SOFTMAX, Router.Divisor.SUM, 1, false, false,
                        Optional.empty()),
                null);
        residual = new OffHeapRows(arena, Element.F32, TOKENS, HIDDEN);
    }

    @Benchmark
    public float[] choose() {
        System.arraycopy(source, 0, logits, 0, logits.length);
        topK.choose(logits, experts, weights, 0);
        return weights;
    }

    /** One expert's output of 2,048 numbers. */
    @Benchmark
    public void combine() {
        residual.add(token++ % TOKENS, 0.125f, output, buffer);
    }
}
