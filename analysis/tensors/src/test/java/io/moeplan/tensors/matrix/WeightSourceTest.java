package io.moeplan.tensors.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.tensors.Checkpoint;
import io.moeplan.tensors.CheckpointException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WeightSourceTest {
    private static final String HEADER = """
            {"plain":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]},
             "lone":{"dtype":"F8_E4M3","shape":[2,2],"data_offsets":[8,12]},
             "stack":{"dtype":"F8_E4M3","shape":[1,2,2],"data_offsets":[12,16]},
             "mx_blocks":{"dtype":"U8","shape":[1,1,1,16],"data_offsets":[16,32]}}""";
    @TempDir
    private Path directory;

    @Test
    void namesWhatIsMissing() throws IOException {
        byte[] json = HEADER.getBytes(StandardCharsets.UTF_8);
        Files.write(directory.resolve("model.safetensors"), ByteBuffer.allocate(8 + json.length + 32)
                .order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).array());
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            WeightSource source = new WeightSource(checkpoint, Optional.empty());
            assertThat(source.matrix("plain").format()).isEqualTo("BF16");
            assertThat(source.has("mx")).isTrue();
            assertThat(source.has("other")).isFalse();
            assertRefused(() -> source.matrix("other"), "no tensor other");
            assertRefused(() -> source.matrix("lone"), "the checkpoint has no scales for it (lone_scale_inv)");
            assertRefused(() -> source.expert("mx", 0), "the checkpoint has no scales for it (mx_scales)");
            assertRefused(() -> source.expert("stack", 0), "names no quantization_config.weight_block_size");
        }
    }

    private static void assertRefused(ThrowingCallable call, String problem) {
        assertThatThrownBy(call).isInstanceOf(CheckpointException.class).hasMessageContaining(problem);
    }
}
