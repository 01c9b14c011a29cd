package io.moeplan.engine.gemm;

import java.lang.foreign.Arena;
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

/** Between float32 and bfloat16, a row of {@code width} numbers. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RoundingKernels {
    @Param({"512", "2048"})
    public int width;

    private float[] wide = new float[0];
    private Rows narrow;

    @Setup
    public void allocate() {
        Arena arena = Arena.ofAuto();
        Random random = new Random(1);
        wide = new float[width];
        for (int i = 0; i < width; i++) {
            wide[i] = random.nextFloat() - 0.5f;
        }
        narrow = Rows.allocate(arena, Element.BF16, 1, width, 1);
        Bf16.round(wide, width, narrow.data(), 0);
    }

    @Benchmark
    public void round() {
        Bf16.round(wide, width, narrow.data(), 0);
    }

    @Benchmark
    public float[] widen() {
        Bf16.widen(narrow.data(), 0, wide, width);
        return wide;
    }
}
