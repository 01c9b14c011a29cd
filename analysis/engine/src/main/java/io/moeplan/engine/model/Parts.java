package io.moeplan.engine.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What most families say in the same words of config.json, read once. Families put an {@link Architecture} together from
 * it.
 *
 * @param headDim width of a head, or of its rotated part in latent attention
 */
record Parts(ConfigReader config, int hidden, int layers, int heads, int kvHeads, int headDim, RopeConfig rope) {
    /** What one layer consists of; called for each. */
    @FunctionalInterface
    interface LayerReader {
        Architecture.Layer read(int layer) throws ModelException;
    }

    /** With a base of 10,000 and whole heads rotated where the configuration does not say. */
    static Parts read(ConfigReader config) throws ModelException {
        return read(config, 10_000, 1);
    }

    /**
     * @param theta   the rotary base of the family
     * @param partial the part of a head that the family rotates
     */
    static Parts read(ConfigReader config, double theta, double partial) throws ModelException {
        int hidden = config.size(Limits.WIDTH, "hidden_size");
        int heads = config.size(Limits.HEADS, "num_attention_heads");
        int kvHeads = config.sizeOr(heads, Limits.HEADS, "num_key_value_heads");
        int headDim = config.sizeOr(Math.max(1, hidden / heads), Limits.HEAD_DIM, "qk_rope_head_dim", "head_dim");
        require(config, heads % kvHeads == 0,
                "num_attention_heads " + heads + " is not a multiple of num_key_value_heads " + kvHeads);
        require(config, headDim % 2 == 0, "head_dim " + headDim + " is odd, which rotary embedding does not allow");
        RopeConfig rope = RopeConfig.read(config, headDim, config.size(Limits.POSITIONS, "max_position_embeddings"),
                theta, partial);
        return new Parts(config, hidden, config.size(Limits.LAYERS, "num_hidden_layers"), heads, kvHeads, headDim,
                rope);
    }

    /** Plain grouped-query attention; {@code attention_bias} speaks for all projections. */
    Attention.GroupedQuery attention() throws ModelException {
        boolean bias = config.flagOr(false, "attention_bias");
        return Attention.GroupedQuery.plain(heads, kvHeads, headDim, rope.rope()).withBias(bias, bias);
    }

    /** Latent attention (DeepSeek). */
    Attention latent() throws ModelException {
        int plain = config.size(Limits.HEAD_DIM, "qk_nope_head_dim");
        double scale = rope.attentionScale() / Math.sqrt(plain + headDim);
        return new Attention.Latent(heads, config.sizeOr(0, Limits.WIDTH, "q_lora_rank"),
                config.size(Limits.WIDTH, "kv_lora_rank"), plain, headDim, config.size(Limits.HEAD_DIM, "v_head_dim"),
                config.flagOr(false, "attention_bias"), rope.rope().pairingNeighbours(), (float) scale);
    }

    /** A sliding window of {@code sliding_window} tokens, all tokens where that is absent. */
    Attention.Span window() throws ModelException {
        int window = config.wholeOr(0, Limits.POSITIONS, "sliding_window");
        return window == 0 ? Attention.Span.ALL : new Attention.Span(Attention.Span.Kind.SLIDING, window);
    }

    /** The window where {@code layer_types} says that a layer has one; all tokens where it says nothing. */
    Attention.Span typedWindow(int layer) throws ModelException {
        List<String> types = layerTypes();
        return !types.isEmpty() && types.get(layer).equals("sliding_attention") ? window() : Attention.Span.ALL;
    }

    /** As {@link #typedWindow(int)}, where {@code layer_types} is absent as the family numbers its layers. */
    Attention.Span typedWindow(int layer, boolean windowed) throws ModelException {
        return layerTypes().isEmpty() && windowed ? window() : typedWindow(layer);
    }

    /** {@code layer_types}, one for each layer; empty where it is absent. */
    List<String> layerTypes() throws ModelException {
        List<String> types = config.texts("layer_types");
        require(config, types.isEmpty() || types.size() >= layers,
                "layer_types names " + types.size() + " layers, num_hidden_layers is " + layers);
        return types;
    }

    /** A router with these counts under whichever names; nothing else is set. */
    Router router(Router.Score score, Router.Divisor divisor) throws ModelException {
        int experts = config.size(Limits.EXPERTS, "n_routed_experts", "num_experts", "num_local_experts",
                "moe_num_experts");
        int topK = config.size(Limits.TOP_K, "num_experts_per_tok", "moe_topk", "moe_k");
        require(config, topK <= experts, "num_experts_per_tok " + topK + " exceeds the " + experts + " experts");
        return Router.plain(experts, topK, score, divisor);
    }

    /** Softmax over all experts, {@code norm_topk_prob} as it says. */
    Router softmaxRouter() throws ModelException {
        return router(Router.Score.SOFTMAX, Router.Divisor.sumIf(config.flagOr(false, "norm_topk_prob"), 0));
    }

    /**
     * DeepSeek-V3's: sigmoid, correction, groups by their best two, normalised, scaled.
     *
     * @param normalises where {@code norm_topk_prob} is absent
     */
    Router correctedRouter(boolean normalises) throws ModelException {
        same(config, "scoring_func", "sigmoid");
        same(config, "topk_method", "noaux_tc");
        Router router = router(Router.Score.SIGMOID,
                Router.Divisor.sumIf(config.flagOr(normalises, "norm_topk_prob"), 1e-20))
                .withCorrection().withScale(config.positiveOr(1, "routed_scaling_factor"));
        Optional<Router.Groups> groups = groups(router, 2);
        return groups.isEmpty() ? router : router.withGroups(groups.get());
    }

    /** {@code n_group} and {@code topk_group}, absent if they limit nothing. */
    Optional<Router.Groups> groups(Router router, int best) throws ModelException {
        int count = config.sizeOr(1, Limits.EXPERTS, "n_group");
        int kept = config.sizeOr(count, Limits.EXPERTS, "topk_group");
        if (count == 1) {
            return Optional.empty();
        }
        require(config, router.experts() % count == 0,
                router.experts() + " experts do not divide into n_group " + count + " groups");
        require(config, kept <= count, "topk_group " + kept + " exceeds n_group " + count);
        require(config, router.experts() / count >= best, "groups of fewer than " + best + " experts have no score");
        require(config, kept * (router.experts() / count) >= router.topK(), "topk_group " + kept
                + " groups hold fewer experts than a token goes to");
        return Optional.of(new Router.Groups(count, kept, best));
    }

    /** A dense block of {@code intermediate_size}. */
    FeedForward dense() throws ModelException {
        return new FeedForward.Dense(config.size(Limits.WIDTH, "intermediate_size"), FeedForward.Activation.SILU);
    }

    /** Inner width of an expert, {@code moe_intermediate_size}. */
    int expertWidth() throws ModelException {
        return config.size(Limits.WIDTH, "moe_intermediate_size");
    }

    /** Experts where {@code decoder_sparse_step} and {@code mlp_only_layers} allow them. */
    FeedForward steppedBlock(int layer, FeedForward sparse) throws ModelException {
        int every = config.sizeOr(1, Limits.LAYERS, "decoder_sparse_step");
        boolean routes = !config.indices(Limits.LAYERS, "mlp_only_layers").contains(layer) && (layer + 1) % every == 0;
        return routes ? sparse : dense();
    }

    /** DeepSeek's: dense below {@code first_k_dense_replace}, then (every {@code moe_layer_freq} layers) experts beside shared ones. */
    FeedForward leadingDenseBlock(int layer, Router router) throws ModelException {
        boolean first = layer < config.wholeOr(0, Limits.LAYERS, "first_k_dense_replace");
        if (first || layer % config.sizeOr(1, Limits.LAYERS, "moe_layer_freq") != 0) {
            return dense();
        }
        int shared = config.wholeOr(0, Limits.EXPERTS, "n_shared_experts");
        FeedForward.Sparse sparse = FeedForward.Sparse.plain(router, expertWidth());
        return shared == 0 ? sparse : sparse.withShared(Math.multiplyExact(shared, expertWidth()), false);
    }

    /** The whole, with an RMS norm and no scales. */
    Architecture architecture(WeightNames names, LayerReader each) throws ModelException {
        return architecture(names, 1e-6, each);
    }

    /**
     * As {@link #architecture(WeightNames, LayerReader)}.
     *
     * @param epsilon of the norm, where config.json says nothing
     */
    Architecture architecture(WeightNames names, double epsilon, LayerReader each) throws ModelException {
        return architecture(names, Norm.rms(config.positiveOr(epsilon, "rms_norm_eps")), Architecture.Scales.NONE,
                each);
    }

    /** The whole. */
    Architecture architecture(WeightNames names, Norm norm, Architecture.Scales scales, LayerReader each)
            throws ModelException {
        List<Architecture.Layer> read = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            read.add(each.read(layer));
        }
        require(config, read.stream().anyMatch(layer -> layer.feedForward() instanceof FeedForward.Sparse),
                "no layer of this model has experts");
        return new Architecture(config.textOr("", "model_type"), hidden, config.size(Limits.VOCABULARY, "vocab_size"),
                rope.maxPositions(), norm, read, scales, config.flagOr(false, "tie_word_embeddings"), false, names);
    }

    /** Refuses a model that says something else than the one thing its family is known for; silence is assent. */
    static void same(ConfigReader config, String name, String only) throws ModelException {
        String said = config.textOr(only, name);
        require(config, said.equals(only), name + " " + said + " is not supported (" + only + " is)");
    }

    /** As {@link #same(ConfigReader, String, String)}. */
    static void same(ConfigReader config, String name, boolean only) throws ModelException {
        require(config, config.flagOr(only, name) == only, name + " " + !only + " is not supported");
    }

    static void require(ConfigReader config, boolean condition, String problem) throws ModelException {
        if (!condition) {
            throw new ModelException(config.file(), problem);
        }
    }
}
