package io.moeplan.tensors.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.tensors.DType;
import io.moeplan.tensors.NewTensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchWriterTest {
    @TempDir
    private Path temp;

    private static final NewTensor COUNTS = new NewTensor(DType.I32, new long[]{3, 20_000}, (from, into, count) -> {
        for (int i = 0; i < count; i++) {
            into[i] = (int) (from + i) * 7 - 5;
        }
    });

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Map<String, Object> dict = new LinkedHashMap<>();
        dict.put("rank", 0);
        dict.put("large", -1L << 40);
        dict.put("rate", 0.25);
        dict.put("none", null);
        dict.put("yes", true);
        dict.put("text", "é");
        dict.put("counts", COUNTS);
        dict.put("map", NewTensor.ofRows(new int[][]{{3, 1}, {2, 0}, {-1, 5}}));
        Path file = temp.resolve("a.pt");
        try (OutputStream out = Files.newOutputStream(file)) {
            TorchWriter.write(out, dict);
        }
        try (TorchArchive archive = TorchArchive.open(file)) {
            Value.Dict read = (Value.Dict) archive.root();
            assertThat(read.entries().keySet()).containsExactlyElementsOf(List.copyOf(dict.keySet()));
            assertThat(read.get("rank")).isEqualTo(new Value.Int(0));
            assertThat(read.get("large")).isEqualTo(new Value.Int(-1L << 40));
            assertThat(read.get("rate")).isEqualTo(new Value.Real(0.25));
            assertThat(read.get("none")).isEqualTo(Value.None.NONE);
            assertThat(read.get("yes")).isEqualTo(new Value.Bool(true));
            assertThat(read.get("text")).isEqualTo(new Value.Text("é"));
            var counts = ((Value.Tensor) read.get("counts")).value();
            assertThat(counts.shape()).containsExactly(3, 20_000);
            assertThat(counts.type()).isEqualTo(DType.I32);
            int[] expected = new int[60_000];
            COUNTS.values().read(0, expected, expected.length);
            assertThat(counts.toInts()).containsExactly(expected);
            var map = ((Value.Tensor) read.get("map")).value();
            assertThat(map.type()).isEqualTo(DType.I64);
            assertThat(map.toInts()).containsExactly(3, 1, 2, 0, -1, 5);
        }
    }

    @Test
    void theSameContentGivesTheSameBytes() throws IOException {
        ByteArrayOutputStream first = new ByteArrayOutputStream();
        ByteArrayOutputStream second = new ByteArrayOutputStream();
        TorchWriter.write(first, Map.of("counts", COUNTS));
        TorchWriter.write(second, Map.of("counts", COUNTS));
        assertThat(first.toByteArray()).containsExactly(second.toByteArray());
    }

    @Test
    void refusesWhatItDoesNotWrite() {
        assertThatThrownBy(() -> TorchWriter.write(OutputStream.nullOutputStream(), Map.of("a", new int[1])))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new NewTensor(DType.F32, new long[]{1}, COUNTS.values()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
