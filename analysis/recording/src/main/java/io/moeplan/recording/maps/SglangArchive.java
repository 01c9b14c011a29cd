package io.moeplan.recording.maps;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.export.SglangExporter;
import io.moeplan.eplb.planfile.AtomicFile;
import io.moeplan.tensors.NewTensor;
import io.moeplan.tensors.torch.TorchWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** SGLang's map as a PyTorch archive, which {@code --init-expert-location} takes when its name ends in {@code .pt}. */
public final class SglangArchive {
    private SglangArchive() {}

    /**
     * Writes the archive, whole or not at all.
     *
     * @throws IOException              if the file cannot be written
     * @throws IllegalArgumentException if SGLang cannot hold the plan
     */
    public static void write(SglangExporter exporter, Plan plan, Path file) throws IOException {
        NewTensor map = NewTensor.ofRows(exporter.map(plan));
        AtomicFile.write(file, out -> TorchWriter.write(out, Map.of(SglangExporter.KEY, map)));
    }
}
