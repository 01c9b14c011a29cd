package io.moeplan.engine.model;

import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Matrix;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The tensors of an architecture, in their places: which building block has which tensors, of what names and shapes. They are
 * found and checked by {@link NamedWeights}.
 */
final class WeightBinder {
    private final Architecture architecture;
    private final NamedWeights weights;
    private final int hidden;

    WeightBinder(Architecture architecture, NamedWeights weights) {
        this.architecture = architecture;
        this.weights = weights;
        this.hidden = architecture.hidden();
    }

    /** {@code [vocabulary, hidden]}. */
    Matrix embedding() throws IOException {
        return weights.matrix(WeightNames.EMBEDDING, architecture.vocabulary(), hidden);
    }

    /** {@code [vocabulary, hidden]}. */
    Matrix head() throws IOException {
        return architecture.tiedHead()
                ? embedding()
                : weights.matrix(WeightNames.HEAD, architecture.vocabulary(), hidden);
    }

    /** {@code [vocabulary]}. */
    Optional<Vector> headBias() throws IOException {
        return architecture.headBias()
                ? Optional.of(weights.vector(WeightNames.HEAD_BIAS, architecture.vocabulary()))
                : Optional.empty();
    }

    /** A norm as wide as the residual stream. */
    LayerWeights.NormWeights norm(String name) throws IOException {
        boolean bias = architecture.norm().kind() == Norm.Kind.LAYER;
        return new LayerWeights.NormWeights(weights.vector(name + ".weight", hidden),
                bias ? Optional.of(weights.vector(name + ".bias", hidden)) : Optional.empty());
    }

    /** Everything of one layer, the first being 0. */
    LayerWeights layer(int layer) throws IOException {
        String prefix = WeightNames.layer(layer);
        Architecture.Layer shape = architecture.layers().get(layer);
        LayerWeights.Attention attention = switch (shape.attention()) {
            case Attention.GroupedQuery a -> grouped(prefix + "self_attn.", a);
            case Attention.Latent a -> latent(prefix + "self_attn.", a);
            case Attention.GatedDelta a -> delta(prefix + "linear_attn.", a);
        };
        String block = prefix + architecture.names().block() + ".";
        LayerWeights.FeedForward feedForward = switch (shape.feedForward()) {
            case FeedForward.Dense dense ->
                new LayerWeights.FeedForward.Dense(mlp(block, "gate_proj", "up_proj", "down_proj", dense.width()));
            case FeedForward.Sparse sparse -> sparse(block, sparse);
        };
        return new LayerWeights(norm(prefix + WeightNames.ATTENTION_NORM), attention,
                norm(prefix + WeightNames.FEED_FORWARD_NORM), feedForward);
    }

    private LayerWeights.Attention grouped(String block, Attention.GroupedQuery a) throws IOException {
        int queryRows = a.gated() ? 2 * a.queryWidth() : a.queryWidth();
        return new LayerWeights.Attention.GroupedQuery(linear(block + "q_proj", queryRows, hidden, a.bias()),
                linear(block + "k_proj", a.keyWidth(), hidden, a.bias()),
                linear(block + "v_proj", a.keyWidth(), hidden, a.bias()),
                linear(block + "o_proj", hidden, a.queryWidth(), a.outputBias()),
                headNorm(block + architecture.names().queryNorm(), a, a.queryWidth()),
                headNorm(block + architecture.names().keyNorm(), a, a.keyWidth()),
                a.sinks() ? Optional.of(weights.vector(block + "sinks", a.heads())) : Optional.empty());
    }

    private Optional<Vector> headNorm(String name, Attention.GroupedQuery a, int whole) throws IOException {
        return switch (a.headNorm()) {
            case NONE, UNIT_AFTER_ROPE -> Optional.empty();
            case PER_HEAD, PER_HEAD_AFTER_ROPE -> Optional.of(weights.vector(name + ".weight", a.headDim()));
            case WHOLE -> Optional.of(weights.vector(name + ".weight", whole));
        };
    }

    private LayerWeights.Attention latent(String block, Attention.Latent a) throws IOException {
        boolean narrow = a.queryRank() > 0;
        int queries = a.heads() * a.keyDim();
        return new LayerWeights.Attention.Latent(
                narrow
                        ? Optional.of(linear(block + "q_a_proj", a.queryRank(), hidden, a.bias()))
                        : Optional.empty(),
                narrow ? Optional.of(weights.vector(block + "q_a_layernorm.weight", a.queryRank())) : Optional.empty(),
                narrow
                        ? linear(block + "q_b_proj", queries, a.queryRank(), false)
                        : linear(block + "q_proj", queries, hidden, false),
                linear(block + "kv_a_proj_with_mqa", a.latentRank() + a.rotaryDim(), hidden, a.bias()),
                weights.vector(block + "kv_a_layernorm.weight", a.latentRank()),
                linear(block + "kv_b_proj", a.heads() * (a.plainDim() + a.valueDim()), a.latentRank(), false),
                linear(block + "o_proj", hidden, a.heads() * a.valueDim(), a.bias()));
    }

    private LayerWeights.Attention delta(String block, Attention.GatedDelta a) throws IOException {
        int convolved = 2 * a.keyWidth() + a.valueWidth();
        return new LayerWeights.Attention.GatedDelta(
                linear(block + "in_proj_qkvz", convolved + a.valueWidth(), hidden, false),
                linear(block + "in_proj_ba", 2 * a.valueHeads(), hidden, false),
                weights.vector(block + "conv1d.weight", convolved * a.taps()),
                weights.vector(block + "A_log", a.valueHeads()),
                weights.vector(block + "dt_bias", a.valueHeads()), weights.vector(block + "norm.weight", a.valueDim()),
                linear(block + "out_proj", hidden, a.valueWidth(), false));
    }

    private LayerWeights.FeedForward sparse(String block, FeedForward.Sparse shape) throws IOException {
        WeightNames names = architecture.names();
        int experts = shape.router().experts();
        // The router first: where the number of experts is wrong, its shape says so best.
        LayerWeights.Linear router = linear(block + names.router(), experts, hidden, shape.router().bias());
        Optional<Vector> correction = shape.router().correction()
                ? Optional.of(weights.vector(block + names.correction(), experts))
                : Optional.empty();
        List<LayerWeights.Mlp> mlps = new ArrayList<>();
        WeightNames.Experts layout = layout(block, shape);
        for (int expert = 0; expert < experts; expert++) {
            mlps.add(switch (layout) {
                case WeightNames.Experts.Each each -> mlp(block + "experts." + expert + ".", each.gate(), each.up(),
                        each.down(), shape.width());
                case WeightNames.Experts.Fused fused -> fused(block, fused, expert, shape);
            });
        }
        Optional<LayerWeights.Mlp> shared = Optional.empty();
        Optional<Matrix> gate = Optional.empty();
        if (shape.shared().isPresent()) {
            shared = Optional.of(mlp(block + names.shared() + ".", "gate_proj", "up_proj", "down_proj",
                    shape.shared().get().width()));
            if (shape.shared().get().gated()) {
                gate = Optional.of(weights.matrix(block + "shared_expert_gate.weight", 1, hidden));
            }
        }
        return new LayerWeights.FeedForward.Sparse(router, correction, List.copyOf(mlps), shared, gate);
    }

    /** Tools that quantise take fused experts apart, into the names that most families have. */
    private WeightNames.Experts layout(String block, FeedForward.Sparse shape) {
        WeightNames.Experts.Each apart = WeightNames.APART;
        boolean isApart = !shape.bias() && weights.has(block + "experts.0." + apart.gate() + ".weight");
        return isApart && architecture.names().experts() instanceof WeightNames.Experts.Fused
                ? apart
                : architecture.names().experts();
    }

    private LayerWeights.Mlp mlp(String prefix, String gate, String up, String down, int width) throws IOException {
        return new LayerWeights.Mlp(linear(prefix + gate, width, hidden, false),
                linear(prefix + up, width, hidden, false), linear(prefix + down, hidden, width, false));
    }

    private LayerWeights.Mlp fused(String block, WeightNames.Experts.Fused names, int expert, FeedForward.Sparse shape)
            throws IOException {
        int experts = shape.router().experts();
        int width = shape.width();
        String base = names.gateUp().endsWith(".weight") ? block : block + "experts.";
        Matrix gateUp = weights.expert(base + names.gateUp(), names.transposed(), experts, expert, 2 * width, hidden);
        Matrix down = weights.expert(base + names.down(), names.transposed(), experts, expert, hidden, width);
        int step = names.interleaved() ? 2 : 1;
        int upFrom = names.interleaved() ? 1 : width;
        Optional<Vector> gateBias = Optional.empty();
        Optional<Vector> upBias = Optional.empty();
        Optional<Vector> downBias = Optional.empty();
        if (shape.bias()) {
            Tensor biases = weights.shaped(base + names.gateUp() + "_bias", experts, 2L * width);
            long at = 2L * width * expert;
            gateBias = Optional.of(new Vector(biases, at, width, step));
            upBias = Optional.of(new Vector(biases, at + upFrom, width, step));
            downBias = Optional.of(
                    new Vector(weights.shaped(base + names.down() + "_bias", experts, hidden), (long) hidden * expert,
                            hidden,
                            1));
        }
        return new LayerWeights.Mlp(new LayerWeights.Linear(gateUp.rows(0, width, step), gateBias),
                new LayerWeights.Linear(gateUp.rows(upFrom, width, step), upBias),
                new LayerWeights.Linear(down, downBias));
    }

    private LayerWeights.Linear linear(String name, int out, int in, boolean bias) throws IOException {
        return new LayerWeights.Linear(weights.matrix(name + ".weight", out, in),
                bias ? Optional.of(weights.vector(name + ".bias", out)) : Optional.empty());
    }
}
