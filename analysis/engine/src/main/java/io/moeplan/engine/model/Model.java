package io.moeplan.engine.model;

import io.moeplan.tensors.Checkpoint;
import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Matrix;
import io.moeplan.tensors.matrix.WeightSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An architecture with its tensors in their places; nothing but headers has been read yet. It lives as long as the
 * checkpoint.
 *
 * @param embedding {@code [vocabulary, hidden]}
 * @param finalNorm {@code [hidden]}
 * @param head      {@code [vocabulary, hidden]}, the embedding itself if tied
 * @param headBias  {@code [vocabulary]}
 * @param layers    first layer first
 * @param vectors   every tensor that holds norms, biases or the like, whole
 */
public record Model(ModelInfo info, Architecture architecture, Matrix embedding, LayerWeights.NormWeights finalNorm,
        Matrix head, Optional<Vector> headBias, List<LayerWeights> layers, List<Tensor> vectors) {
    /**
     * Reads config.json of the checkpoint's directory and finds every tensor it calls for.
     *
     * @throws IOException if the model is not supported, or a tensor is missing or has another shape or dtype
     */
    public static Model load(Checkpoint checkpoint) throws IOException {
        Path directory = checkpoint.directory();
        ConfigReader config = ConfigReader.open(directory.resolve("config.json"));
        Architecture architecture = Architectures.read(config);
        NamedWeights weights = new NamedWeights(new WeightSource(checkpoint, Quantisation.read(config)));
        WeightBinder binder = new WeightBinder(architecture, weights);
        List<LayerWeights> layers = new ArrayList<>();
        for (int layer = 0; layer < architecture.layers().size(); layer++) {
            layers.add(binder.layer(layer));
        }
        Matrix embedding = binder.embedding();
        LayerWeights.NormWeights finalNorm = binder.norm(WeightNames.FINAL_NORM);
        Matrix head = binder.head();
        Optional<Vector> headBias = binder.headBias();
        return new Model(info(config, architecture, checkpoint), architecture, embedding, finalNorm, head, headBias,
                List.copyOf(layers), weights.vectors());
    }

    private static ModelInfo info(ConfigReader config, Architecture architecture, Checkpoint checkpoint)
            throws IOException {
        int[] moeLayers = architecture.moeLayers();
        Router router = architecture.sparse(moeLayers[0]).router();
        Path name = checkpoint.directory().toRealPath().getFileName();
        return new ModelInfo(name == null ? "model" : name.toString(), architecture.modelType(), config.digest(),
                checkpoint.fingerprint(), architecture.layers().size(), moeLayers, router.experts(), router.topK(),
                router.groups().map(Router.Groups::count).orElse(1), checkpoint.bytes());
    }
}
