package io.moeplan.eplb.traffic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.Topology;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RankCostsFileTest {
    @TempDir
    private Path dir;
    private Path file;

    @BeforeEach
    void name() {
        file = dir.resolve("costs");
    }

    @Test
    void json() throws IOException {
        Files.writeString(file, " [[0, 1.5],\n[2e1, 0]]\n");
        assertThat(RankCostsFile.read(file).cost()).isDeepEqualTo(new double[][]{{0, 1.5}, {20, 0}});
    }

    @Test
    void csv() throws IOException {
        Files.writeString(file, "# microseconds\n0, 1.5\n\n20,0\n");
        assertThat(RankCostsFile.read(file).cost()).isDeepEqualTo(new double[][]{{0, 1.5}, {20, 0}});
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"[[0, 1], 2] | $[1]: is not an array of numbers",
        "[[0, 'x'], [1, 0]] | line 1, column 6: is not JSON", "[[0, null], [1, 0]] | $[0][1]: is not a number",
        "[[0, 1]] | row 0 of the costs has 2 columns, expected one for each of the 1 ranks",
        "[[0, -1], [1, 0]] | the cost from rank 0 to rank 1 is -1.0, expected 0 or more",
        "[[0]] 1 | line 1, column 7: is not JSON", "[] | a matrix of costs without ranks",
        "0,1;1,x | line 2, field 2: \"x\" is not a number",
        "0,;1,0 | line 1, field 2: \"\" is not a number",
        "NaN | the cost from rank 0 to rank 0 is NaN, expected 0 or more",
        "1e999 | the cost from rank 0 to rank 0 is Infinity, expected 0 or more"}, quoteCharacter = '~')
    void badFilesAreRefusedInOneLine(String text, String fault) throws IOException {
        Files.writeString(file, text.replace(';', '\n'));
        assertThatThrownBy(() -> RankCostsFile.read(file)).isInstanceOf(IOException.class)
                .hasMessage(file + ": " + fault);
    }

    @Test
    void nestingBeyondTheParsersLimit() throws IOException {
        Files.writeString(file, "[".repeat(2000));
        assertThatThrownBy(() -> RankCostsFile.read(file)).isInstanceOf(IOException.class)
                .hasMessage(file + ": is not JSON");
    }

    @Test
    void noFileAndTooLargeAFile() throws IOException {
        assertThatThrownBy(() -> RankCostsFile.read(file)).hasMessage(file + ": there is no such file");
        try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
            large.setLength((16L << 20) + 1);
        }
        assertThatThrownBy(() -> RankCostsFile.read(file))
                .hasMessage(file + ": is larger than 16 MiB, too large for a matrix of costs between ranks");
    }

    @Test
    void costsOfLinks() {
        assertThat(RankCosts.ofLinks(new Topology(2, 1, 1), 1, 5).cost()).isDeepEqualTo(new double[][]{{0, 5}, {5, 0}});
        assertThat(RankCosts.ofLinks(new Topology(1, 2, 1), 1, 5).cost()).isDeepEqualTo(new double[][]{{0, 1}, {1, 0}});
    }
}
