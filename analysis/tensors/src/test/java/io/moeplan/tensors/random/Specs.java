package io.moeplan.tensors.random;

import io.moeplan.tensors.DType;
import java.util.ArrayList;
import java.util.List;

/** The tensors of a model, named and shaped as on the Hugging Face Hub, in the order of its layers. */
final class Specs {
    private static final int FP8_BLOCK = 128;
    private static final int MXFP4_GROUP = 32;

    private final Config config;
    private final double routerSpread;
    private final boolean fp8;
    private final int hidden;
    private final List<Spec> specs = new ArrayList<>();

    private Specs(Config config, double routerSpread) {
        this.config = config;
        this.routerSpread = routerSpread;
        this.fp8 = config.format().equals("fp8");
        this.hidden = config.number("hidden_size");
    }

    /**
     * @param routerSpread standard deviation of the router's logits: how unevenly the experts are used
     */
    static List<Spec> of(Config config, double routerSpread) {
        Specs specs = new Specs(config, routerSpread);
        specs.model();
        return specs.specs;
    }

    private void model() {
        int vocabulary = config.number("vocab_size");
        plain("model.embed_tokens.weight", vocabulary, hidden);
        for (int layer = 0; layer < config.number("num_hidden_layers"); layer++) {
            layer(layer, "model.layers." + layer + ".");
        }
        ones("model.norm.weight", hidden);
        if (!config.flag("tie_word_embeddings")) {
            plain("lm_head.weight", vocabulary, hidden);
        }
    }

    private void layer(int layer, String at) {
        ones(at + "input_layernorm.weight", hidden);
        if (config.text("kv_lora_rank").isPresent()) {
            latentAttention(at + "self_attn.");
        } else {
            groupedAttention(at + "self_attn.");
        }
        ones(at + "post_attention_layernorm.weight", hidden);
        boolean dense = config.text("first_k_dense_replace").map(Integer::parseInt).orElse(0) > layer;
        if (dense) {
            mlp(at + "mlp.", config.number("intermediate_size"));
            return;
        }
        switch (config.modelType()) {
            case "mixtral" -> mixtralExperts(at + "block_sparse_moe.");
            case "gpt_oss" -> gptOssExperts(at + "mlp.");
            default -> experts(at + "mlp.");
        }
    }

    private void groupedAttention(String at) {
        int heads = config.number("num_attention_heads");
        int headDim = config.text("head_dim").map(Integer::parseInt).orElse(hidden / heads);
        int queries = heads * headDim;
        int keys = config.number("num_key_value_heads") * headDim;
        boolean bias = config.flag("attention_bias");
        boolean gptOss = config.modelType().equals("gpt_oss");
        projection(at + "q_proj", queries, hidden, bias);
        projection(at + "k_proj", keys, hidden, bias);
        projection(at + "v_proj", keys, hidden, bias);
        projection(at + "o_proj", hidden, queries, bias && gptOss);
        if (gptOss) {
            normal(at + "sinks", 1, heads);
        }
        if (config.modelType().equals("qwen3_moe") || config.flag("use_qk_norm")) {
            ones(at + "q_norm.weight", headDim);
            ones(at + "k_norm.weight", headDim);
        }
    }

    private void latentAttention(String at) {
        int heads = config.number("num_attention_heads");
        int rope = config.number("qk_rope_head_dim");
        int nope = config.number("qk_nope_head_dim");
        int value = config.number("v_head_dim");
        int queryRank = config.number("q_lora_rank");
        int keyRank = config.number("kv_lora_rank");
        projection(at + "q_a_proj", queryRank, hidden, false);
        ones(at + "q_a_layernorm.weight", queryRank);
        projection(at + "q_b_proj", heads * (nope + rope), queryRank, false);
        projection(at + "kv_a_proj_with_mqa", keyRank + rope, hidden, false);
        ones(at + "kv_a_layernorm.weight", keyRank);
        projection(at + "kv_b_proj", heads * (nope + value), keyRank, false);
        projection(at + "o_proj", hidden, heads * value, false);
    }

    private void mlp(String at, int width) {
        projection(at + "gate_proj", width, hidden, false);
        projection(at + "up_proj", width, hidden, false);
        projection(at + "down_proj", hidden, width, false);
    }

    private void experts(String at) {
        boolean routed = config.text("n_routed_experts").isPresent();
        int experts = config.number(routed ? "n_routed_experts" : "num_experts");
        int width = config.number("moe_intermediate_size");
        router(at + "gate.weight", experts);
        if (routed) {
            specs.add(new Spec(at + "gate.e_score_correction_bias", DType.F32, Spec.Fill.NORMAL, 0.01, experts));
        }
        for (int expert = 0; expert < experts; expert++) {
            mlp(at + "experts." + expert + ".", width);
        }
        int shared = config.text("n_shared_experts").map(Integer::parseInt).orElse(0);
        if (shared > 0) {
            mlp(at + "shared_experts.", shared * width);
        }
    }

    private void mixtralExperts(String at) {
        int width = config.number("intermediate_size");
        int experts = config.number("num_local_experts");
        router(at + "gate.weight", experts);
        for (int expert = 0; expert < experts; expert++) {
            String name = at + "experts." + expert + ".";
            projection(name + "w1", width, hidden, false);
            projection(name + "w2", hidden, width, false);
            projection(name + "w3", width, hidden, false);
        }
    }

    private void gptOssExperts(String at) {
        int width = config.number("intermediate_size");
        int experts = config.number("num_local_experts");
        router(at + "router.weight", experts);
        normal(at + "router.bias", 0.1, experts);
        fused(at + "experts.gate_up_proj", experts, 2 * width, hidden);
        fused(at + "experts.down_proj", experts, hidden, width);
    }

    private void fused(String name, int experts, int out, int in) {
        if (config.format().equals("mxfp4")) {
            int groups = in / MXFP4_GROUP;
            specs.add(new Spec(name + "_blocks", DType.U8, Spec.Fill.E2M1_PAIRS, spread(in), experts, out, groups, 16));
            specs.add(new Spec(name + "_scales", DType.U8, Spec.Fill.MXFP4_SCALES, spread(in), experts, out, groups));
        } else {
            normal(name, spread(in), experts, in, out);
        }
        normal(name + "_bias", 0.02, experts, out);
    }

    /** Keeps the size of what is multiplied with it. */
    private static double spread(int in) {
        return 1 / Math.sqrt(in);
    }

    private void router(String name, int experts) {
        normal(name, routerSpread * spread(hidden), experts, hidden);
    }

    private void projection(String name, int out, int in, boolean bias) {
        if (fp8) {
            specs.add(new Spec(name + ".weight", DType.F8_E4M3, Spec.Fill.NORMAL, spread(in), out, in));
            specs.add(new Spec(name + ".weight_scale_inv", DType.F32, Spec.Fill.FP8_SCALES, spread(in),
                    Math.ceilDiv(out, FP8_BLOCK), Math.ceilDiv(in, FP8_BLOCK)));
        } else {
            plain(name + ".weight", out, in);
        }
        if (bias) {
            normal(name + ".bias", 0.02, out);
        }
    }

    private void plain(String name, int out, int in) {
        normal(name, spread(in), out, in);
    }

    private void normal(String name, double scale, long... shape) {
        specs.add(new Spec(name, DType.BF16, Spec.Fill.NORMAL, scale, shape));
    }

    private void ones(String name, long... shape) {
        specs.add(new Spec(name, DType.BF16, Spec.Fill.ONES, 1, shape));
    }
}
