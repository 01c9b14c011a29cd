package io.moeplan.engine.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How a GPU's blocks are shared out to passes. */
final class PassCountsTest {
    @ParameterizedTest
    @CsvSource({"132, 1, 1, 1", "132, 1, 2048, 1", "132, 1, 2049, 2", "132, 1, 524288, 256", "132, 1, 1073741824, 1056",
        "132, 33, 16384, 8", "132, 528, 1000000, 2", "132, 1024, 512, 1", "132, 2048, 1000000, 1", "132, 500000, 8, 1",
        "2, 5, 1000000, 4"})
    void keepTheGpuBusyWithWorkForEach(int multiprocessors, int passes, long choices, int blocks) {
        assertThat(PassCounts.blocks(multiprocessors, passes, choices)).isEqualTo(blocks);
    }
}
