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
}
