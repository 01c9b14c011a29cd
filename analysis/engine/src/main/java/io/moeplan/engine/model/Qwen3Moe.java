package io.moeplan.engine.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Qwen3-MoE: grouped-query attention with per-head norms, softmax routing, dense layers where the configuration says so.
 * Defaults are those of transformers' {@code Qwen3MoeConfig}.
 */
final class Qwen3Moe {
    static final String MODEL_TYPE = "qwen3_moe";

    private static final String LAYER = "model.layers.{layer}.";
    private static final WeightNames NAMES = new WeightNames("model.embed_tokens.weight", "model.norm.weight",
            "lm_head.weight", LAYER + "input_layernorm.weight", LAYER + "post_attention_layernorm.weight",
            new WeightNames.Projections(LAYER + "self_attn.q_proj", LAYER + "self_attn.k_proj",
                    LAYER + "self_attn.v_proj", LAYER + "self_attn.o_proj"),
            LAYER + "self_attn.q_norm.weight", LAYER + "self_attn.k_norm.weight", LAYER + "mlp.gate.weight",
            new WeightNames.Mlp(LAYER + "mlp.gate_proj.weight", LAYER + "mlp.up_proj.weight",
                    LAYER + "mlp.down_proj.weight"),
            new WeightNames.Mlp(LAYER + "mlp.experts.{expert}.gate_proj.weight",
                    LAYER + "mlp.experts.{expert}.up_proj.weight", LAYER + "mlp.experts.{expert}.down_proj.weight"));

    private Qwen3Moe() {}

    static Architecture read(ConfigReader config) throws ModelException {
        int hidden = config.size(Limits.WIDTH, "hidden_size");
        int heads = config.size(Limits.HEADS, "num_attention_heads");
        int kvHeads = config.sizeOr(heads, Limits.HEADS, "num_key_value_heads");
        int headDim = config.sizeOr(Math.max(1, hidden / heads), Limits.HEAD_DIM, "head_dim");
        require(config, heads % kvHeads == 0,
                "num_attention_heads " + heads + " is not a multiple of num_key_value_heads "
                        + kvHeads);
        require(config, headDim % 2 == 0, "head_dim " + headDim + " is odd, which rotary embedding does not allow");
        RopeConfig rope = RopeConfig.read(config, headDim, config.size(Limits.POSITIONS, "max_position_embeddings"));
        int window = config.flagOr(false, "use_sliding_window")
                ? config.sizeOr(0, Limits.POSITIONS, "sliding_window")
                : 0;
        Attention attention = new Attention.GroupedQuery(heads, kvHeads, headDim,
                config.flagOr(false, "attention_bias"), true, window, rope.rope());
        return new Architecture(MODEL_TYPE, hidden, config.size(Limits.VOCABULARY, "vocab_size"), rope.maxPositions(),
                new RmsNorm(config.positiveOr(1e-6, "rms_norm_eps")), attention, layers(config),
                config.flagOr(false, "tie_word_embeddings"), NAMES);
    }

    private static List<FeedForward> layers(ConfigReader config) throws ModelException {
        int experts = config.size(Limits.EXPERTS, "num_experts", "num_local_experts");
        int topK = config.size(Limits.TOP_K, "num_experts_per_tok");
        require(config, topK <= experts, "num_experts_per_tok " + topK + " exceeds the " + experts + " experts");
        Router router = new Router(experts, topK, Router.Score.SOFTMAX, config.flagOr(false, "norm_topk_prob"), 0, 1);
        FeedForward sparse = new FeedForward.Sparse(router, config.size(Limits.WIDTH, "moe_intermediate_size"));
        int every = config.sizeOr(1, Limits.LAYERS, "decoder_sparse_step");
        Set<Integer> denseOnly = config.indices(Limits.LAYERS, "mlp_only_layers");
        List<FeedForward> layers = new ArrayList<>();
        int count = config.size(Limits.LAYERS, "num_hidden_layers");
        for (int layer = 0; layer < count; layer++) {
            boolean routes = !denseOnly.contains(layer) && (layer + 1) % every == 0;
            layers.add(routes ? sparse : new FeedForward.Dense(config.size(Limits.WIDTH, "intermediate_size")));
        }
        require(config, layers.contains(sparse), "no layer of this model has experts");
        return layers;
    }

    private static void require(ConfigReader config, boolean condition, String problem) throws ModelException {
        if (!condition) {
            throw new ModelException(config.file(), problem);
        }
    }
}
