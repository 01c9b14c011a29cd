package io.moeplan.engine.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class Bf16Test {
    @Test
    void roundsToNearestEven() {
        Random random = new Random(1);
        float[] values = new float[5001];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.intBitsToFloat((random.nextInt() & ~0x7f800000) | (random.nextInt(0xff) << 23));
        }
        values[0] = Float.POSITIVE_INFINITY;
        values[1] = Float.NEGATIVE_INFINITY;
        values[2] = Float.NaN;
        values[3] = -0f;
        values[4] = Float.intBitsToFloat(0x3f808000);
        values[5] = Float.intBitsToFloat(0x3f818000);
        short[] half = new short[values.length];
        float[] back = new float[values.length];
        Rows narrow = Rows.of(MemorySegment.ofArray(half), Element.BF16, 3, 1667);
        Bf16.round(Rows.of(MemorySegment.ofArray(values), Element.F32, 3, 1667), narrow);
        Bf16.widen(narrow, Rows.of(MemorySegment.ofArray(back), Element.F32, 3, 1667));
        assertThat(back[0]).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(back[1]).isEqualTo(Float.NEGATIVE_INFINITY);
        assertThat(back[2]).isNaN();
        assertThat(Float.floatToRawIntBits(back[3])).isEqualTo(0x80000000);
        assertThat(Float.floatToRawIntBits(back[4])).isEqualTo(0x3f800000);
        assertThat(Float.floatToRawIntBits(back[5])).isEqualTo(0x3f820000);
        for (int i = 3; i < values.length; i++) {
            int bits = Float.floatToRawIntBits(values[i]);
            float below = Float.intBitsToFloat(bits & 0xffff0000);
            float above = Float.intBitsToFloat((bits & 0xffff0000) + 0x10000);
            double error = Math.abs((double) back[i] - values[i]);
            if (Float.isFinite(above)) {
                assertThat(error).isLessThanOrEqualTo(Math.abs((double) below - values[i]))
                        .isLessThanOrEqualTo(Math.abs((double) above - values[i]));
            }
        }
    }

    @Test
    void splitsIntoTwo() {
        Random random = new Random(2);
        float[] values = new float[2 * 2500];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian() * Math.scalb(1f, random.nextInt(80) - 40);
        }
        values[0] = 0;
        values[1] = 1 + 0x1p-9f;
        Rows high = Rows.of(MemorySegment.ofArray(new short[values.length]), Element.BF16, 2, 2500);
        Rows low = Rows.of(MemorySegment.ofArray(new short[values.length]), Element.BF16, 2, 2500);
        Bf16.split(Rows.of(MemorySegment.ofArray(values), Element.F32, 2, 2500), high, low);
        float[] highs = new float[values.length];
        float[] lows = new float[values.length];
        Bf16.widen(high.data(), 0, highs, 2500);
        Bf16.widen(low.data(), 0, lows, 2500);
        assertThat(highs[1]).isEqualTo(1);
        assertThat(lows[1]).isEqualTo(0x1p-9f);
        for (int i = 0; i < 2500; i++) {
            assertThat(Math.abs((double) highs[i] + lows[i] - values[i]))
                    .isLessThanOrEqualTo(Math.abs(values[i]) * 0x1p-17);
        }
    }
}
