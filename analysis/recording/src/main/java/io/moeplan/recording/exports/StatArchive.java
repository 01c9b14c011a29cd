package io.moeplan.recording.exports;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.planfile.AtomicFile;
import io.moeplan.recording.Manifest;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.NewTensor;
import io.moeplan.tensors.torch.TorchWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What SGLang's recorder dumps in mode {@code stat}: {@code logical_count} [steps][decoder layers][experts], int32. */
final class StatArchive {
    private StatArchive() {}

    static List<String> write(Manifest manifest, LoadTrace trace, boolean sum, Path out) throws IOException {
        int decoderLayers = Math.max(manifest.numHiddenLayers(), trace.layerId(trace.layers() - 1) + 1);
        NewTensor counts = counts(trace, decoderLayers);
        Map<String, Object> dict = new LinkedHashMap<>();
        dict.put("rank", 0);
        dict.put("logical_count", sum
                ? new NewTensor(DType.I32, new long[]{decoderLayers, trace.experts()}, counts.values())
                : counts);
        dict.put("average_utilization_rate_over_window", null);
        AtomicFile.write(out, stream -> TorchWriter.write(stream, dict));
        return List.of("SGLang plans on it by itself with --init-expert-location " + out
                + " (the name must end in .pt) --ep-num-redundant-experts R --ep-size G.",
                "It has a row for each of " + decoderLayers + " decoder layers, dense ones zero.");
    }

    private static NewTensor counts(LoadTrace trace, int decoderLayers) {
        int experts = trace.experts();
        int[] place = new int[decoderLayers];
        Arrays.fill(place, -1);
        for (int layer = 0; layer < trace.layers(); layer++) {
            place[trace.layerId(layer)] = layer;
        }
        long[] shape = {trace.steps().size(), decoderLayers, experts};
        return new NewTensor(DType.I32, shape, (from, into, count) -> {
            for (int done = 0; done < count;) {
                long at = from + done;
                int expert = (int) (at % experts);
                long row = at / experts;
                int layer = place[(int) (row % decoderLayers)];
                int some = Math.min(experts - expert, count - done);
                if (layer < 0) {
                    Arrays.fill(into, done, done + some, 0);
                } else {
                    int[] step = trace.steps().get((int) (row / decoderLayers)).counts();
                    System.arraycopy(step, layer * experts + expert, into, done, some);
                }
                done += some;
            }
        });
    }
}
