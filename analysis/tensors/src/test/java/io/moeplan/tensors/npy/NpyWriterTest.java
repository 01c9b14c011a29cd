package io.moeplan.tensors.npy;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.tensors.DType;
import io.moeplan.tensors.NewTensor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NpyWriterTest {
    @TempDir
    private Path temp;

    @ParameterizedTest
    @CsvSource({"I32, 2 3 4", "I64, 24 1", "I64, 24", "I32, 1 1 1 1 1 1 24"})
    void whatIsWrittenIsRead(DType type, String sizes) throws IOException {
        String[] words = sizes.split(" ", -1);
        long[] shape = new long[words.length];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = Long.parseLong(words[i]);
        }
        Path file = temp.resolve("a.npy");
        try (OutputStream out = Files.newOutputStream(file)) {
            NpyWriter.write(out, new NewTensor(type, shape, (from, into, count) -> {
                for (int i = 0; i < count; i++) {
                    into[i] = (int) from + i - 3;
                }
            }));
        }
        try (NpyFile read = NpyFile.open(file)) {
            assertThat(read.array().type()).isEqualTo(type);
            assertThat(read.array().shape()).containsExactly(shape);
            assertThat(read.array().toInts()).startsWith(-3, -2).endsWith(19, 20).hasSize(24);
        }
        // numpy wants the data to begin at a multiple of 64
        assertThat((Files.size(file) - 24L * type.bytes()) % 64).isZero();
    }
}
