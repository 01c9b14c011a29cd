package io.moeplan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MemorySizeTest {
    @ParameterizedTest
    @CsvSource({"1, 1", "64M, 67108864", "64MB, 67108864", "64mib, 67108864", "1.5k, 1536", "16G, 17179869184",
        "2T, 2199023255552"})
    void readsWhatPeopleWrite(String text, long bytes) {
        assertThat(new MemorySize().convert(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "G", "-1G", "0", "1X", "64 M", "1e9", "99999999T", "NaN"})
    void refusesTheRestByName(String text) {
        assertThatThrownBy(() -> new MemorySize().convert(text)).hasMessageContaining("'" + text + "'");
    }
}
