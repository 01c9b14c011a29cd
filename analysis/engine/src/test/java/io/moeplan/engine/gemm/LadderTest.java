package io.moeplan.engine.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LadderTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "onednn", "vector", "plain", "nonsense"})
    void endsInPlainJavaAndSaysWhatIsMissing(String wish) {
        Ladder ladder = Ladder.of(wish);
        assertThat(ladder.all().getLast().name()).isEqualTo("plain Java float32");
        assertThat(ladder.all()).allSatisfy(gemm -> assertThat(gemm.reason()).isNotBlank().doesNotContain("\n"));
        assertThat(ladder.missing()).allSatisfy(line -> assertThat(line).contains(": "));
        assertThat(ladder.best(Precision.FP32).precision()).isEqualTo(Precision.FP32);
    }

    @Test
    void switchedOff() {
        Ladder ladder = Ladder.of("plain");
        assertThat(ladder.all()).hasSize(1);
        assertThat(ladder.best(Precision.BF16).reason()).isEqualTo("moeplan.gemm=plain");
        assertThat(ladder.missing()).contains("oneDNN: switched off by moeplan.gemm=plain");
    }

    @Test
    void unknownWish() {
        assertThat(Ladder.of("mkl").missing()).contains("moeplan.gemm=mkl: there is only onednn, vector and plain");
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void withoutTheLibrary(Precision precision) {
        Ladder ladder = Ladder.withOneDnn(new OneDnn.Loading(null, "its library cannot be loaded: broken"),
                Optional.of("no module"), "");
        assertThat(ladder.best(precision).name()).isEqualTo("plain Java float32");
        assertThat(ladder.best(precision).reason()).isEqualTo("oneDNN: its library cannot be loaded: broken");
        assertThat(ladder.missing()).containsExactly("oneDNN: its library cannot be loaded: broken",
                "Vector API: no module");
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void vectorsWhereTheJvmHasTheModule(Precision precision) {
        Ladder ladder = Ladder.withOneDnn(new OneDnn.Loading(null, "broken"), Optional.empty(), "");
        assertThat(ladder.best(precision).name()).startsWith("Vector API float32");
        assertThat(ladder.best(precision).reason()).isEqualTo("oneDNN: broken");
        assertThat(ladder.missing()).containsExactly("oneDNN: broken");
    }

    @Test
    void missingFile() {
        Assertions.assertThatIOException().isThrownBy(() -> NativeFiles.unpack("no/such/", List.of("libno.so")))
                .isExactlyInstanceOf(IOException.class).withMessageContaining("no/such/libno.so");
    }
}
