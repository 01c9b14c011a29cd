package io.moeplan.engine.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Whatever changes machine code changes the key. */
final class KernelCacheTest {
    @Test
    void keyKnowsSourceOptionsAndVersion() {
        String key = KernelCache.key("13.0", "source", List.of("-arch=sm_90a"));
        assertThat(KernelCache.key("13.0", "source", List.of("-arch=sm_90a"))).isEqualTo(key);
        assertThat(List.of(KernelCache.key("13.1", "source", List.of("-arch=sm_90a")),
                KernelCache.key("13.0", "other", List.of("-arch=sm_90a")),
                KernelCache.key("13.0", "source", List.of("-arch=sm_80")),
                KernelCache.key("13.0", "source", List.of("-arch=sm_90a", "-DNUMBERS=FP16")))).doesNotContain(key)
                .doesNotHaveDuplicates();
    }

    @Test
    void includesAreInTheSource() {
        assertThat(Kernels.text("norm")).contains("warp_sum").doesNotContain("#include");
    }
}
