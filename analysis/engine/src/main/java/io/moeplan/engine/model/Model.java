package io.moeplan.engine.model;

import io.moeplan.tensors.Checkpoint;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * An architecture with its tensors in their places; nothing but headers has been read yet. It lives as long as the
 * checkpoint.
 *
 * @param embedding {@code [vocabulary, hidden]}
 * @param finalNorm {@code [hidden]}
 * @param head      {@code [vocabulary, hidden]}, the embedding itself if tied
 * @param layers    first layer first
 */
public record Model(ModelInfo info, Architecture architecture, Tensor embedding, Tensor finalNorm, Tensor head,
        List<LayerWeights> layers) {
    /**
     * Reads config.json of the checkpoint's directory and finds every tensor it calls for.
     *
     * @throws IOException if the model is not supported, or a tensor is missing or has another shape or dtype
     */
    public static Model load(Checkpoint checkpoint) throws IOException {
        Path directory = checkpoint.directory();
        ConfigReader config = ConfigReader.open(directory.resolve("config.json"));
        return WeightBinder.bind(config, Architectures.read(config), checkpoint);
    }
}
