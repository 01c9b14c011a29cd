package io.moeplan.tensors.npy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Files that NumPy wrote. */
class NpyFileTest {
    @Test
    void readsRowsAndColumns() throws Exception {
        try (NpyFile rows = NpyFile.open(resource("rows.npy"));
                NpyFile columns = NpyFile.open(resource("columns.npy"))) {
            assertThat(rows.array().shape()).containsExactly(2, 3);
            assertThat(rows.array().toInts()).containsExactly(0, 1, 2, 3, 4, 5);
            double[] values = new double[6];
            columns.array().doubles(0, values, 0, 6);
            assertThat(values).containsExactly(0, 1, 2, 3, 4, 5);
        }
    }

    @Test
    void refusesBigEndian() {
        assertThatThrownBy(() -> NpyFile.open(resource("big_endian.npy")).close()).isInstanceOf(IOException.class)
                .hasMessageContaining("big_endian.npy").hasMessageContaining(">i4");
    }

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(NpyFileTest.class.getResource("../torch/" + name).toURI());
    }
}
