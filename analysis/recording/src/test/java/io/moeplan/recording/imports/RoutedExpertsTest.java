package io.moeplan.recording.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.recording.Absent;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Recording;
import io.moeplan.recording.RequestRow;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Outputs with routed experts in the encodings that vLLM and SGLang have used: three tokens, two layers, top-2. */
class RoutedExpertsTest {
    private static final int[] IDS = {0, 1, 2, 3, 1, 0, 3, 7, 5, 4, 0, 2};
    private static final List<Integer> EXPECTED = Arrays.stream(IDS).boxed().toList();

    @TempDir
    private Path temp;

    @Test
    void readsVllmCompletions() throws IOException {
        Recording recording = imported("{\"id\":\"cmpl-1\",\"choices\":[{\"routed_experts\":\"" + npy()
                + "\",\"prompt_token_ids\":[11,12],\"token_ids\":[13,14]}],\"usage\":{\"prompt_tokens\":2}}", null);
        assertThat(experts(recording)).isEqualTo(EXPECTED);
        assertThat(recording.requests()).containsExactly(new RequestRow(0, "cmpl-1", null, 2, 1));
        assertThat(recording.manifest().numExperts()).isEqualTo(8);
        assertThat(recording.lacks(Absent.TOKEN_IDS)).isFalse();
        recording.forEachTokenBatch(rows -> {
            assertThat(Arrays.copyOf(rows.tokenId(), rows.rows())).containsExactly(11, 12, 13);
            assertThat(Arrays.copyOf(rows.position(), rows.rows())).containsExactly(0, 1, 2);
            assertThat(Arrays.copyOf(rows.phase(), rows.rows())).containsExactly(0, 0, 1);
        });
    }

    @Test
    void readsSglangWithTheShapeGiven() throws IOException {
        String line = "{\"text\":\"x\",\"tag\":\"code\",\"meta_info\":{\"id\":\"r\",\"prompt_tokens\":2,\"completion_tokens\":2,"
                + "\"routed_experts\":\"" + base64(ints()) + "\"}}";
        Recording recording = imported(line, 2);
        assertThat(experts(recording)).isEqualTo(EXPECTED);
        assertThat(recording.requests()).containsExactly(new RequestRow(0, "output 1", "code", 2, 1));
        assertThat(recording.lacks(Absent.TOKEN_IDS)).isTrue();
        refused(line, Dumps.PLAIN, "--top-k");
    }

    @Test
    void readsShapedAndNestedAndSplitOutputs() throws IOException {
        assertThat(experts(imported("{\"choices\":[{\"routed_experts\":{\"data\":\"" + base64(ints())
                + "\",\"shape\":[3,2,2]}}]}", null))).isEqualTo(EXPECTED);
        assertThat(experts(imported("{\"prompt_routed_experts\":[[[0,1],[2,3]],[[1,0],[3,7]]],"
                + "\"choices\":[{\"routed_experts\":[[[5,4],[0,2]]]}]}", null))).isEqualTo(EXPECTED);
        assertThat(experts(imported("{\"custom_id\":\"a\",\"response\":{\"body\":{\"choices\":[{\"routed_experts\":\""
                + npy() + "\"}]}}}\n{\"custom_id\":\"b\",\"response\":null,\"error\":{\"code\":\"x\"}}\n", null)))
                .isEqualTo(EXPECTED);
    }

    @Test
    void leavesEmptyLayersOut() throws IOException {
        Recording recording = imported("{\"routed_experts\":[[[0,0],[2,3]],[[0,0],[3,7]]]}", null);
        assertThat(recording.manifest().layerIds()).containsExactly(1);
        assertThat(recording.manifest().numHiddenLayers()).isEqualTo(2);
        assertThat(experts(recording)).containsExactly(2, 3, 3, 7);
    }

    @Test
    void refuses() throws IOException {
        refused("{\"routed_experts\":[[[0,1],[2]]]}", Dumps.PLAIN, "no even array");
        refused("{\"routed_experts\":\"?\"}", Dumps.PLAIN, "not base64");
        refused("{\"routed_experts\":[[[0,70000]]]}", Dumps.PLAIN, "expert 70000");
        refused("{\"routed_experts\":[[[0,1]]]}\n{\"routed_experts\":[[[0]]]}", Dumps.PLAIN, "output 2");
        refused("{\"routed_experts\":[[[0,1]]]}\n{\"choices\":[{}]}", Dumps.PLAIN, "no routed_experts");
        refused("{\"routed_experts\":[[[0,1]]]}\n{\"rou", Dumps.PLAIN, "line 2");
        refused("{\"routed_experts\":[[[0,1]]]}", Dumps.options(null, Mode.PER_PASS), "passes");
        refused("{\"prompt\":\"x\"}", Dumps.PLAIN, "a workload");
    }

    private Recording imported(String text, Integer topK) throws IOException {
        Path folder = Files.createTempDirectory(temp, "capture");
        Path file = Files.writeString(folder.resolve("outputs.jsonl"), text);
        return Dumps.imported(file, Dumps.options(topK, null), folder.resolve("rec"));
    }

    private void refused(String text, ImportOptions options, String why) throws IOException {
        Path file = Files.writeString(temp.resolve("outputs.jsonl"), text);
        assertThatThrownBy(() -> Importer.run(file, null, options, temp.resolve("no"), ImportProgress.NONE))
                .isInstanceOfAny(IOException.class, IllegalArgumentException.class)
                .hasMessageContaining("outputs.jsonl").hasMessageContaining(why);
        assertThat(temp.resolve("no")).doesNotExist();
    }

    private static List<Integer> experts(Recording recording) throws IOException {
        List<Integer> experts = new ArrayList<>();
        int routed = recording.manifest().layers() * recording.manifest().topK();
        recording.forEachTokenBatch(rows -> {
            for (int i = 0; i < rows.rows() * routed; i++) {
                experts.add(rows.expert(i));
            }
        });
        return experts;
    }

    private static byte[] ints() {
        ByteBuffer bytes = ByteBuffer.allocate(4 * IDS.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(IDS);
        return bytes.array();
    }

    /** As numpy.save writes int16 of that shape. */
    private static String npy() {
        byte[] header = "{'descr': '<i2', 'fortran_order': False, 'shape': (3, 2, 2), }\n"
                .getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer bytes = ByteBuffer.allocate(10 + header.length + 2 * IDS.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.ISO_8859_1)).put((byte) 1).put((byte) 0)
                .putShort((short) header.length).put(header);
        for (int id : IDS) {
            bytes.putShort((short) id);
        }
        return base64(bytes.array());
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
