package io.moeplan.recording.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.moeplan.recording.Absent;
import io.moeplan.recording.Recording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The same counts in every format. */
class CountMatrixTest {
    @TempDir
    private Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"steps.json", "steps.npy", "steps.pt", "steps.txt", "one.pt", "one.txt", "one.csv"})
    void imports(String name) throws IOException {
        int[][][] counts = new ObjectMapper().readValue(Dumps.resource("count_matrix/steps.json").toFile(),
                int[][][].class);
        Recording recording = Dumps.imported(Dumps.resource("count_matrix/" + name), Dumps.options(2, null),
                temp.resolve("rec"));
        boolean one = name.startsWith("one");
        assertThat(Dumps.counts(recording.trace())).isDeepEqualTo(one ? new int[][][]{counts[0]} : counts);
        assertThat(recording.lacks(Absent.STEPS)).isEqualTo(one);
        assertThat(recording.lacks(Absent.LAYER_NUMBERS)).isNotEqualTo(name.endsWith(".csv"));
        assertThat(recording.manifest().layerIds().getFirst()).isEqualTo(name.endsWith(".csv") ? 1 : 0);
        assertThat(recording.manifest().topK()).isEqualTo(2);
    }

    /** What SGLang takes for --init-expert-location beside maps: all decoder layers, the first of them dense. */
    @Test
    void importsCountsThatSglangLoads() throws IOException {
        Path file = Files.writeString(temp.resolve("a.json"),
                "{\"rank\": {\"x\": [1]}, \"logical_count\": [[[0, 0], [1, 2]], [[0, 0], [3, 4]]], \"y\": 1}\n");
        Recording recording = Dumps.imported(file, Dumps.PLAIN, temp.resolve("rec"));
        assertThat(Dumps.counts(recording.trace())).isDeepEqualTo(new int[][][]{{{1, 2}}, {{3, 4}}});
        assertThat(recording.manifest().layerIds()).containsExactly(1);
        assertThat(recording.manifest().numHiddenLayers()).isEqualTo(2);
        assertThat(recording.lacks(Absent.LAYER_NUMBERS)).isFalse();
    }

    static final List<Arguments> WRONG = List.of(Arguments.of("{\"a\": 1}", "expected \"logical_count\""),
            Arguments.of("{\"logical_count\": 1}", "expected an array"), Arguments.of("[[1]] 2", "nothing after"),
            Arguments.of("1 2\n3 x", "line 2, column 2"),
            Arguments.of("1 2\n3", "line 2"), Arguments.of("1 2\n\n3 4\n5 6", "step 1"),
            Arguments.of("0.5 0.25", "fractions"), Arguments.of("1 -2", "layer 0, expert 1"),
            Arguments.of("layer,a\n5,1\n4,1", "line 3"), Arguments.of("[[1],[2,3]]", "step 0"),
            Arguments.of("[[" + "1".repeat(1001) + "]]", "not valid JSON: Number value length"));

    @ParameterizedTest
    @FieldSource("WRONG")
    void refuses(String text, String why) throws IOException {
        Path file = Files.writeString(temp.resolve("counts.txt"), text);
        assertThatThrownBy(() -> Importer.run(file, SourceFormat.COUNT_MATRIX, Dumps.PLAIN, temp.resolve("rec"),
                ImportProgress.NONE)).isInstanceOf(IOException.class).hasMessageContaining("counts.txt")
                .hasMessageContaining(why);
        assertThat(temp.resolve("rec")).doesNotExist();
    }
}
