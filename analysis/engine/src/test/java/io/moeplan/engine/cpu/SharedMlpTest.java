package io.moeplan.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.gemm.Gemm;
import io.moeplan.engine.gemm.Gemms;
import io.moeplan.engine.gemm.Precision;
import io.moeplan.engine.gemm.Rows;
import io.moeplan.engine.gemm.Weights;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.engine.model.Vector;
import io.moeplan.tensors.matrix.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class SharedMlpTest {
    private static final int HIDDEN = 4096;
    private static final int WIDTH = 320;

    private static LayerWeights.Linear linear(Weights weights, Arena arena, Random random, int out, int in) {
        Matrix bias = Weights.F32.random(arena, random, 1, out);
        return new LayerWeights.Linear(weights.random(arena, random, out, in),
                Optional.of(new Vector(bias.tensors().getFirst(), 0, out, 1)));
    }

    private static LayerWeights.Mlp mlp(Weights weights, Arena arena, Random random) {
        return new LayerWeights.Mlp(linear(weights, arena, random, WIDTH, HIDDEN),
                linear(weights, arena, random, WIDTH, HIDDEN), linear(weights, arena, random, HIDDEN, WIDTH));
    }

    /** By one thread with whole matrices, and by three with several parts of each; more rows than a product takes. */
    @ParameterizedTest
    @EnumSource(value = Weights.class, names = {"FP8", "MXFP4"})
    void givesTheBitsOfOneThread(Weights weights) {
        FeedForward.Activation clamped = new FeedForward.Activation(1.702f, 1, 0.5f);
        for (Gemm gemm : Gemms.all()) {
            try (Arena arena = Arena.ofShared();
                    Workers workers = new Workers(new Arithmetic(gemm, Gemms.best(Precision.FP32)), 3, 512, 2048)) {
                Random random = new Random(3);
                LayerWeights.Mlp mlp = mlp(weights, arena, random);
                if (!SharedMlp.can(mlp, gemm, 3)) {
                    assertThat(gemm.name()).doesNotStartWith("oneDNN");
                    continue;
                }
                int rows = 1024 + 5;
                Rows x = Rows.allocate(arena, gemm.input(), rows, HIDDEN, gemm.room(rows));
                for (long i = 0; i < (long) rows * HIDDEN * gemm.input().bytes() / 2; i++) {
                    x.data().setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (0x3c00 + random.nextInt(0x80)));
                }
                Rows one = Rows.allocate(arena, Element.F32, rows, HIDDEN, gemm.room(rows));
                Rows all = Rows.allocate(arena, Element.F32, rows, HIDDEN, gemm.room(rows));
                GatedMlp.apply(mlp, clamped, x, one, workers.own());
                AtomicLong work = new AtomicLong();
                SharedMlp.apply(mlp, clamped, x, all, workers, work::addAndGet, workers.own());
                long bytes = 4L * rows * HIDDEN;
                assertThat(one.data().get(ValueLayout.JAVA_FLOAT, bytes - 4)).isNotZero().isFinite();
                assertThat(all.data().asSlice(0, bytes).mismatch(one.data().asSlice(0, bytes))).isEqualTo(-1);
                assertThat(work.get()).isEqualTo(6L * rows * HIDDEN * WIDTH);
            }
        }
    }

    @Test
    void leavesWeightsThatNeedNoDecodingToOthers() {
        Gemm gemm = Gemms.all().getFirst();
        assumeTrue(gemm.name().startsWith("oneDNN"), "plain Java decodes all weights");
        try (Arena arena = Arena.ofShared()) {
            assertThat(SharedMlp.can(mlp(Weights.BF16, arena, new Random(3)), gemm, 2)).isFalse();
        }
    }
}
