package io.moeplan.engine.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

final class NumberTypeTest {
    @Test
    void readsNumbersAtTheirPlace() {
        assertThat(NumberType.FP32.get(MemorySegment.ofArray(new float[]{1, -2.5f}), 1)).isEqualTo(-2.5f);
        // One, and minus two and a half, in both formats of 16 bits.
        assertThat(NumberType.BF16.get(MemorySegment.ofArray(new short[]{0x3f80, (short) 0xc020}), 1)).isEqualTo(-2.5f);
        assertThat(NumberType.FP16.get(MemorySegment.ofArray(new short[]{0x3c00, (short) 0xc100}), 1)).isEqualTo(-2.5f);
        assertThat(NumberType.FP16.get(MemorySegment.ofArray(new short[]{0x0001}), 0)).isEqualTo(0x1p-24f);
    }

    @Test
    void mlpScaleLosesNoDigits() {
        for (NumberType type : NumberType.values()) {
            assertThat(Math.scalb(1f, Math.getExponent(type.mlpScale()))).isEqualTo(type.mlpScale());
        }
    }
}
