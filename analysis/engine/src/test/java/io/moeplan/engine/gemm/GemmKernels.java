package io.moeplan.engine.gemm;

import io.moeplan.tensors.matrix.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Products of one expert after another, more of them than the caches hold, in one thread; {@code flops} are GFLOP/s. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class GemmKernels {
    private static final long EXPERTS_BYTES = 128L << 20;

    /** The beginning of its name; {@link #rungs} are those that the machine has. */
    @Param("plain Java")
    public String rung = "";

    /** Outputs and inputs. */
    @Param({"1024x512", "512x1024", "2048x7168"})
    public String shape = "";

    @Param({"16", "64", "256", "1024"})
    public int rows;

    @Param({"BF16", "FP8"})
    public String format = "";

    private Gemm gemm;
    private List<Matrix> experts;
    private Rows x;
    private Rows y;
    private int next;

    /** Reported per nanosecond. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Rate {
        public long flops;

        @Setup(Level.Iteration)
        public void reset() {
            flops = 0;
        }
    }

    /** The names of the implementations that this machine has. */
    public static String[] rungs() {
        return Gemms.all().stream().map(Gemm::name).toArray(String[]::new);
    }

    @Setup
    public void allocate() {
        Arena arena = Arena.ofAuto();
        gemm = Gemms.all().stream().filter(some -> some.name().startsWith(rung)).findFirst().orElseThrow();
        int[] sides = Arrays.stream(shape.split("x", -1)).mapToInt(Integer::parseInt).toArray();
        Random random = new Random(1);
        Matrix first = Weights.valueOf(format).random(arena, random, sides[0], sides[1]);
        experts = IntStream.range(0, Math.clamp(EXPERTS_BYTES / first.bytes(), 1, 64))
                .mapToObj(i -> first.over(tensor -> tensor.in(arena.allocate(tensor.data().byteSize(), 64)
                        .copyFrom(tensor.data()))))
                .toList();
        int room = gemm.room(rows);
        x = Rows.allocate(arena, gemm.input(), rows, sides[1], room);
        for (long i = 0; i < x.data().byteSize() / 2; i++) {
            x.data().setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (0x3c00 + (i * 7919 & 0x80ff)));
        }
        y = Rows.allocate(arena, Element.F32, rows, sides[0], room);
    }

    @Benchmark
    public void multiply(Rate rate) {
        Matrix weight = experts.get(next++ % experts.size());
        gemm.multiply(weight, x, y);
        rate.flops += 2L * rows * weight.rows() * weight.columns();
    }
}
