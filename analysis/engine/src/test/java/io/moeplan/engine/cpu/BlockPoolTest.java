package io.moeplan.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

final class BlockPoolTest {
    @Test
    void givesOutAgainWhatWasGivenBack() {
        try (BlockPool pool = new BlockPool()) {
            MemorySegment first = pool.take(4096);
            first.set(ValueLayout.JAVA_INT, 8, 5);
            MemorySegment second = pool.take(4096);
            assertThat(second.address()).isNotEqualTo(first.address());
            pool.giveBack(first);
            assertThat(pool.take(8192).address()).isNotEqualTo(first.address());
            MemorySegment again = pool.take(4096);
            assertThat(again.address()).isEqualTo(first.address());
            assertThat(again.get(ValueLayout.JAVA_INT, 8)).isZero();
        }
    }
}
