package io.moeplan.recording.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.recording.Absent;
import io.moeplan.recording.Recording;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImatrixTest {
    @TempDir
    private Path temp;

    @Test
    void importsTotals() throws IOException {
        Path file = Files.write(temp.resolve("a.gguf"), imatrix(10));
        Recording recording = Dumps.imported(file, Dumps.PLAIN, temp.resolve("rec"));
        assertThat(Dumps.counts(recording.trace())).isDeepEqualTo(new int[][][]{{{9, 1, 4, 6}, {5, 5, 5, 5}}});
        assertThat(recording.manifest().layerIds()).containsExactly(1, 2);
        assertThat(recording.manifest().topK()).isEqualTo(2);
        assertThat(recording.manifest().tokens()).isEqualTo(10);
        assertThat(recording.lacks(Absent.STEPS)).isTrue();
        assertThat(recording.lacks(Absent.TOP_K)).isFalse();
    }

    @Test
    void guessesNoTopK() throws IOException {
        Path file = Files.write(temp.resolve("a.gguf"), imatrix(7));
        assertThat(Dumps.imported(file, Dumps.PLAIN, temp.resolve("rec")).lacks(Absent.TOP_K)).isTrue();
    }

    @Test
    void refusesEveryTruncation() throws IOException {
        byte[] whole = imatrix(10);
        for (int length = 4; length < whole.length; length++) {
            Path cut = Files.write(temp.resolve("cut.gguf"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Importer.run(cut, null, Dumps.PLAIN, temp.resolve("no"), ImportProgress.NONE))
                    .isInstanceOf(IOException.class).hasMessageContaining("cut.gguf");
        }
    }

    /** One chunk of so many tokens; layers 1 and 2, four experts. */
    static byte[] imatrix(int tokens) {
        ByteBuffer out = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        out.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(2).putLong(3);
        text(out, "general.type").putInt(8);
        text(out, "imatrix");
        text(out, "imatrix.chunk_count").putInt(4).putInt(1);
        text(out, "imatrix.chunk_size").putInt(4).putInt(tokens);
        text(out, "blk.2.ffn_down_exps.weight.counts").putInt(2).putLong(1).putLong(4).putInt(0).putLong(0);
        text(out, "blk.1.ffn_gate_exps.weight.counts").putInt(2).putLong(1).putLong(4).putInt(0).putLong(32);
        out.position(Math.ceilDiv(out.position(), 32) * 32);
        for (float count : new float[]{5, 5, 5, 5, 0, 0, 0, 0, 9, 1, 4, 6}) {
            out.putFloat(count);
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    private static ByteBuffer text(ByteBuffer out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return out.putLong(bytes.length).put(bytes);
    }
}
