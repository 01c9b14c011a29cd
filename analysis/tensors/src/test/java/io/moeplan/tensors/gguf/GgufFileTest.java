package io.moeplan.tensors.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFileTest {
    @TempDir
    private Path temp;

    @Test
    void readsMetadataAndTensors() throws IOException {
        try (GgufFile file = GgufFile.open(Files.write(temp.resolve("a.gguf"), sample()))) {
            assertThat(file.metadata()).containsEntry("general.type", "imatrix").containsEntry("n", 7L)
                    .doesNotContainKey("list");
            assertThat(file.types()).containsOnlyKeys("t", "q");
            assertThat(file.find("q")).isEmpty();
            double[] values = new double[6];
            file.find("t").orElseThrow().doubles(0, values, 0, 6);
            assertThat(file.find("t").orElseThrow().shape()).containsExactly(3, 2);
            assertThat(values).containsExactly(0, 1, 2, 3, 4, 5);
        }
    }

    @Test
    void refusesEveryTruncation() throws IOException {
        byte[] whole = sample();
        for (int length = 0; length < whole.length; length++) {
            Path cut = Files.write(temp.resolve("cut.gguf"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> GgufFile.open(cut).close()).isInstanceOf(IOException.class)
                    .hasMessageContaining("cut.gguf");
        }
    }

    /** Metadata of three kinds, a float tensor of ne (2, 3), a quantised one. */
    private static byte[] sample() {
        ByteBuffer out = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        out.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(2).putLong(3);
        text(out, "general.type").putInt(8);
        text(out, "imatrix");
        text(out, "n").putInt(4).putInt(7);
        text(out, "list").putInt(9).putInt(8).putLong(1);
        text(out, "x");
        text(out, "t").putInt(2).putLong(2).putLong(3).putInt(0).putLong(0);
        text(out, "q").putInt(1).putLong(32).putInt(2).putLong(0);
        out.position(Math.ceilDiv(out.position(), 32) * 32);
        for (int i = 0; i < 6; i++) {
            out.putFloat(i);
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    private static ByteBuffer text(ByteBuffer out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return out.putLong(bytes.length).put(bytes);
    }
}
