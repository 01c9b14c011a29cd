package io.moeplan.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.Models;
import io.moeplan.tensors.Checkpoint;
import io.moeplan.tensors.SafetensorsFile;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is counted from shapes is what checkpoints hold. */
final class ParametersTest {
    static Stream<String> unquantised() throws IOException {
        return Models.fixtures().filter(name -> !name.endsWith("_fp8") && !name.endsWith("_mxfp4"));
    }

    static Stream<String> models() throws IOException {
        return Models.fixtures();
    }

    @ParameterizedTest
    @MethodSource("unquantised")
    void areTheElementsOfTheTensors(String name) throws IOException {
        Path directory = Models.directory(name);
        Architecture architecture = Architectures.read(ConfigReader.open(directory.resolve("config.json")));
        long stored = 0;
        int layers = architecture.layers().size();
        try (SafetensorsFile file = SafetensorsFile.open(directory.resolve("model.safetensors"))) {
            for (String tensor : file.names()) {
                if (!tensor.startsWith("model.layers." + layers) && !tensor.startsWith("mtp.")) {
                    stored += file.find(tensor).map(Tensor::elements).orElseThrow();
                }
            }
        }
        assertThat(Parameters.total(architecture)).isEqualTo(stored);
        assertThat(Parameters.active(architecture)).isLessThan(stored).isPositive();
    }

    @ParameterizedTest
    @MethodSource("models")
    void everyByteIsAccountedFor(String name) throws IOException {
        Path directory = Models.directory(name);
        ConfigReader config = ConfigReader.open(directory.resolve("config.json"));
        Architecture architecture = Architectures.read(config);
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            StoredWeights stored = StoredWeights.read(checkpoint, config, architecture);
            long ignored = stored.ignored().stream().mapToLong(StoredWeights.Part::bytes).sum();
            assertThat(stored.bytes() + ignored).isEqualTo(checkpoint.bytes());
            assertThat(stored.formats().stream().mapToLong(StoredWeights.Part::bytes).sum()).isEqualTo(stored.bytes());
            assertThat(stored.passBytes()).isBetween(1L, LongStream.of(stored.layerBytes()).sum());
            assertThat(stored.ignored()).extracting(StoredWeights.Part::what).doesNotContain("unknown to this family");
        }
    }
}
