package io.moeplan.engine.model;

import io.moeplan.tensors.Checkpoint;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Finds the tensors of an architecture in a checkpoint and checks their shapes and dtypes. */
final class WeightBinder {
    private final Architecture architecture;
    private final Checkpoint checkpoint;

    private WeightBinder(Architecture architecture, Checkpoint checkpoint) {
        this.architecture = architecture;
        this.checkpoint = checkpoint;
    }

    static Model bind(ConfigReader config, Architecture architecture, Checkpoint checkpoint) throws IOException {
        WeightBinder binder = new WeightBinder(architecture, checkpoint);
        WeightNames names = architecture.names();
        int hidden = architecture.hidden();
        Tensor embedding = binder.tensor(names.embedding(), architecture.vocabulary(), hidden);
        Tensor head = architecture.tiedHead()
                ? embedding
                : binder.tensor(names.head(), architecture.vocabulary(), hidden);
        List<LayerWeights> layers = new ArrayList<>();
        for (int layer = 0; layer < architecture.layers().size(); layer++) {
            layers.add(binder.layer(layer));
        }
        return new Model(info(config, architecture, checkpoint), architecture, embedding,
                binder.tensor(names.finalNorm(), hidden), head, List.copyOf(layers));
    }

    private static ModelInfo info(ConfigReader config, Architecture architecture, Checkpoint checkpoint)
            throws IOException {
        int[] moeLayers = architecture.moeLayers();
        FeedForward.Sparse sparse = (FeedForward.Sparse) architecture.layers().get(moeLayers[0]);
        Path name = checkpoint.directory().toRealPath().getFileName();
        return new ModelInfo(name == null ? "model" : name.toString(), architecture.modelType(), config.digest(),
                architecture.layers().size(), moeLayers, sparse.router().experts(), sparse.router().topK(), 1,
                checkpoint.bytes());
    }

    private LayerWeights layer(int layer) throws IOException {
        WeightNames names = architecture.names();
        int hidden = architecture.hidden();
        return new LayerWeights(tensor(WeightNames.of(names.attentionNorm(), layer), hidden),
                switch (architecture.attention()) {
                    case Attention.GroupedQuery shape -> attention(layer, shape);
                }, tensor(WeightNames.of(names.feedForwardNorm(), layer), hidden),
                switch (architecture.layers().get(layer)) {
                    case FeedForward.Dense dense -> new LayerWeights.FeedForward.Dense(
                            mlp(names.dense(), layer, 0, dense.width()));
                    case FeedForward.Sparse sparse -> sparse(layer, sparse);
                });
    }

    private LayerWeights.Attention attention(int layer, Attention.GroupedQuery shape) throws IOException {
        WeightNames names = architecture.names();
        WeightNames.Projections projections = names.attention();
        int hidden = architecture.hidden();
        return new LayerWeights.Attention(linear(projections.query(), layer, shape.queryWidth(), hidden, shape.bias()),
                linear(projections.key(), layer, shape.keyWidth(), hidden, shape.bias()),
                linear(projections.value(), layer, shape.keyWidth(), hidden, shape.bias()),
                linear(projections.output(), layer, hidden, shape.queryWidth(), shape.bias()),
                shape.headNorm()
                        ? Optional.of(tensor(WeightNames.of(names.queryNorm(), layer), shape.headDim()))
                        : Optional.empty(),
                shape.headNorm()
                        ? Optional.of(tensor(WeightNames.of(names.keyNorm(), layer), shape.headDim()))
                        : Optional.empty());
    }

    private LayerWeights.FeedForward sparse(int layer, FeedForward.Sparse shape) throws IOException {
        int experts = shape.router().experts();
        Tensor router = tensor(WeightNames.of(architecture.names().router(), layer), experts, architecture.hidden());
        List<LayerWeights.Mlp> mlps = new ArrayList<>();
        for (int expert = 0; expert < experts; expert++) {
            mlps.add(mlp(architecture.names().expert(), layer, expert, shape.width()));
        }
        return new LayerWeights.FeedForward.Sparse(router, List.copyOf(mlps));
    }

    private LayerWeights.Mlp mlp(WeightNames.Mlp names, int layer, int expert, int width) throws IOException {
        int hidden = architecture.hidden();
        return new LayerWeights.Mlp(tensor(WeightNames.of(names.gate(), layer, expert), width, hidden),
                tensor(WeightNames.of(names.up(), layer, expert), width, hidden),
                tensor(WeightNames.of(names.down(), layer, expert), hidden, width));
    }

    private LayerWeights.Linear linear(String pattern, int layer, int out, int in, boolean bias) throws IOException {
        String name = WeightNames.of(pattern, layer);
        return new LayerWeights.Linear(tensor(name + ".weight", out, in),
                bias ? Optional.of(tensor(name + ".bias", out)) : Optional.empty());
    }

    private Tensor tensor(String name, long... shape) throws IOException {
        Tensor tensor = checkpoint.get(name);
        if (!tensor.hasShape(shape)) {
            throw new ModelException(tensor.file(), "tensor " + name + " has shape " + Arrays.toString(tensor.shape())
                    + ", config.json calls for " + Arrays.toString(shape));
        }
        if (!tensor.type().isPlainFloat()) {
            throw new ModelException(tensor.file(), "tensor " + name + " is " + tensor.type()
                    + "; the engine reads BF16, F16, F32 and F64");
        }
        return tensor;
    }
}
