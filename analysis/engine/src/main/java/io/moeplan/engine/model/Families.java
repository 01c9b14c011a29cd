package io.moeplan.engine.model;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The model families, each put together from what its config.json says. Defaults are those of transformers' configuration
 * classes. How to add one is in the package description.
 */
final class Families {
    /** A family and how its configuration is read. */
    record Entry(Architectures.Family family, Architectures.Reader reader) {}

    private static final String MTP = "multi-token-prediction layers (skipped)";

    static final List<Entry> ALL = List.of(
            entry("mixtral", "Mixtral 8x7B, 8x22B", "", Families::mixtral),
            entry("qwen2_moe", "Qwen1.5-MoE, Qwen2-57B-A14B", "", Families::qwen2),
            entry("qwen3_moe", "Qwen3-30B-A3B, Qwen3-235B-A22B, Qwen3-Coder", "", Families::qwen3),
            entry("qwen3_next", "Qwen3-Next-80B-A3B", MTP, Families::qwen3Next),
            entry("olmoe", "OLMoE-1B-7B", "", Families::olmoe),
            entry("deepseek_v2", "DeepSeek-V2, V2.5, V2-Lite, Coder-V2", "", Families::deepseekV2),
            entry("deepseek_v3", "DeepSeek-V3, R1, V3.1", MTP, Families::deepseekV3),
            entry("kimi_k2", "Kimi-K2, the language model of Kimi-K2.5", "int4 checkpoints (K2-Thinking, K2.5)",
                    Families::deepseekV3),
            entry("glm4_moe", "GLM-4.5, 4.5-Air, 4.6, 4.7", MTP, Families::glm4),
            entry("dots1", "dots.llm1", "", Families::dots1),
            entry("minimax_m2", "MiniMax-M2, M2.1, M2.5", MTP, Families::minimaxM2),
            entry("gpt_oss", "gpt-oss-20b, 120b", "", Families::gptOss),
            entry("granitemoe", "Granite 3.x 1B-A400M, 3B-A800M", "", Families::granite),
            entry("phimoe", "Phi-3.5-MoE", "longrope requests beyond its original length (4,096)",
                    Families::phi),
            entry("ernie4_5_moe", "ERNIE-4.5-21B-A3B, 300B-A47B", MTP, Families::ernie),
            entry("hunyuan_v1_moe", "Hunyuan-A13B", "", Families::hunyuan),
            entry("llama4_text", "Llama 4 Scout, Maverick", "images (the vision tower is skipped)", Families::llama4));

    private static Entry entry(String type, String models, String lacks, Architectures.Reader reader) {
        return new Entry(new Architectures.Family(type, models, lacks), reader);
    }

    private Families() {}

    private static Architecture mixtral(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config, 1_000_000, 1);
        Attention attention = parts.attention().withSpan(parts.window());
        FeedForward experts = FeedForward.Sparse.plain(parts.router(Router.Score.SOFTMAX, Router.Divisor.SUM),
                config.size(Limits.WIDTH, "intermediate_size"));
        return parts.architecture(WeightNames.MIXTRAL, 1e-5, layer -> new Architecture.Layer(attention, experts));
    }

    private static Architecture qwen2(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config);
        Attention.GroupedQuery attention = parts.attention().withBias(config.flagOr(true, "qkv_bias"), false);
        boolean windows = config.flagOr(false, "use_sliding_window");
        int windowed = config.wholeOr(28, Limits.LAYERS, "max_window_layers");
        FeedForward experts = FeedForward.Sparse.plain(parts.softmaxRouter(), parts.expertWidth())
                .withShared(config.size(Limits.WIDTH, "shared_expert_intermediate_size"), true);
        return parts.architecture(WeightNames.COMMON.withShared("shared_expert"),
                layer -> {
                    boolean alternate = layer % 2 == 0 && layer < windowed;
                    return new Architecture.Layer(
                            windows ? attention.withSpan(parts.typedWindow(layer, alternate)) : attention,
                            parts.steppedBlock(layer, experts));
                });
    }

    private static Architecture qwen3(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config);
        boolean windows = config.flagOr(false, "use_sliding_window");
        Attention attention = parts.attention().withHeadNorm(Attention.HeadNorm.PER_HEAD)
                .withSpan(windows ? parts.window() : Attention.Span.ALL);
        FeedForward experts = FeedForward.Sparse.plain(parts.softmaxRouter(), parts.expertWidth());
        return parts.architecture(WeightNames.COMMON,
                layer -> new Architecture.Layer(attention, parts.steppedBlock(layer, experts)));
    }

    private static Architecture qwen3Next(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config, 10_000, 0.25);
        Attention full = parts.attention().withHeadNorm(Attention.HeadNorm.PER_HEAD).withGate();
        Attention.GatedDelta linear = new Attention.GatedDelta(config.size(Limits.HEADS, "linear_num_key_heads"),
                config.size(Limits.HEADS, "linear_num_value_heads"),
                config.size(Limits.HEAD_DIM, "linear_key_head_dim"),
                config.size(Limits.HEAD_DIM, "linear_value_head_dim"),
                config.sizeOr(4, Limits.HEADS, "linear_conv_kernel_dim"));
        Parts.require(config, linear.valueHeads() % linear.keyHeads() == 0, "linear_num_value_heads "
                + linear.valueHeads() + " is not a multiple of linear_num_key_heads " + linear.keyHeads());
        List<String> types = parts.layerTypes();
        FeedForward experts = FeedForward.Sparse
                .plain(parts.router(Router.Score.SOFTMAX,
                        Router.Divisor.sumIf(config.flagOr(true, "norm_topk_prob"), 0)), parts.expertWidth())
                .withShared(config.size(Limits.WIDTH, "shared_expert_intermediate_size"), true);
        int every = config.sizeOr(4, Limits.LAYERS, "full_attention_interval");
        return parts.architecture(WeightNames.COMMON.withShared("shared_expert"),
                new Norm(Norm.Kind.RMS, config.positiveOr(1e-6, "rms_norm_eps"), true), Architecture.Scales.NONE,
                layer -> {
                    boolean isFull = types.isEmpty()
                            ? (layer + 1) % every == 0
                            : types.get(layer).equals("full_attention");
                    return new Architecture.Layer(isFull ? full : linear, parts.steppedBlock(layer, experts));
                });
    }

    private static Architecture olmoe(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config);
        Attention attention = parts.attention().withHeadNorm(Attention.HeadNorm.WHOLE)
                .withClip(config.positiveOr(Double.POSITIVE_INFINITY, "clip_qkv"));
        FeedForward experts = FeedForward.Sparse.plain(parts.softmaxRouter(),
                config.size(Limits.WIDTH, "intermediate_size"));
        return parts.architecture(WeightNames.COMMON, 1e-5, layer -> new Architecture.Layer(attention, experts));
    }

    private static Architecture deepseekV2(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config);
        Attention attention = parts.latent();
        Router router = parts.router(Router.Score.SOFTMAX, Router.Divisor.NONE)
                .withScale(config.positiveOr(1, "routed_scaling_factor"));
        String method = config.textOr("greedy", "topk_method");
        Parts.require(config, Set.of("greedy", "group_limited_greedy").contains(method), "topk_method " + method
                + " is not supported (greedy, group_limited_greedy are)");
        Optional<Router.Groups> groups = method.equals("greedy") ? Optional.empty() : parts.groups(router, 1);
        Router limited = groups.isEmpty() ? router : router.withGroups(groups.get());
        return parts.architecture(WeightNames.COMMON,
                layer -> new Architecture.Layer(attention, parts.leadingDenseBlock(layer, limited)));
    }

    private static Architecture deepseekV3(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config);
        Attention attention = parts.latent();
        Router router = parts.correctedRouter(true);
        return parts.architecture(WeightNames.COMMON,
                layer -> new Architecture.Layer(attention, parts.leadingDenseBlock(layer, router)));
    }

    private static Architecture glm4(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config, 10_000, 0.5);
        boolean norms = config.flagOr(false, "use_qk_norm");
        Attention attention = parts.attention().withBias(config.flagOr(false, "attention_bias"), false)
                .withHeadNorm(norms ? Attention.HeadNorm.PER_HEAD : Attention.HeadNorm.NONE);
        Router router = parts.correctedRouter(true);
        return parts.architecture(WeightNames.COMMON, 1e-5,
                layer -> new Architecture.Layer(attention, parts.leadingDenseBlock(layer, router)));
    }

    private static Architecture dots1(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config);
        Attention.GroupedQuery attention = parts.attention().withHeadNorm(Attention.HeadNorm.PER_HEAD);
        Router router = parts.correctedRouter(false);
        int full = config.wholeOr(62, Limits.LAYERS, "max_window_layers");
        return parts.architecture(WeightNames.COMMON,
                layer -> new Architecture.Layer(attention.withSpan(parts.typedWindow(layer, layer >= full)),
                        parts.leadingDenseBlock(layer, router)));
    }

    private static Architecture minimaxM2(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config, 5_000_000, 1);
        Parts.same(config, "scoring_func", "sigmoid");
        Parts.same(config, "qk_norm_type", "per_layer");
        Parts.same(config, "use_qk_norm", true);
        Parts.same(config, "use_routing_bias", true);
        Parts.require(config, !config.wholes(1, "attn_type_list").contains(0),
                "attn_type_list has layers of linear attention, which this family has not");
        Parts.require(config, config.wholeOr(0, Limits.WIDTH, "shared_intermediate_size") == 0,
                "shared_intermediate_size is not 0, which this family does not have");
        Attention attention = parts.attention().withHeadNorm(Attention.HeadNorm.WHOLE);
        Router router = parts.router(Router.Score.SIGMOID, Router.Divisor.SUM).withCorrection();
        FeedForward experts = FeedForward.Sparse.plain(router, config.size(Limits.WIDTH, "intermediate_size"));
        return parts.architecture(WeightNames.MIXTRAL, layer -> new Architecture.Layer(attention, experts));
    }

    private static Architecture gptOss(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config, 150_000, 1);
        boolean bias = config.flagOr(true, "attention_bias");
        Attention.GroupedQuery attention = parts.attention().withBias(bias, bias).withSinks();
        Router router = parts.router(Router.Score.SOFTMAX_OF_CHOSEN, Router.Divisor.NONE).withBias();
        FeedForward experts = new FeedForward.Sparse(router, config.size(Limits.WIDTH, "intermediate_size"),
                FeedForward.Activation.clamped(config.positiveOr(7, "swiglu_limit")), true, false, Optional.empty());
        boolean typed = !parts.layerTypes().isEmpty();
        WeightNames names = WeightNames.COMMON.withRouter("router")
                .withExperts(new WeightNames.Experts.Fused("gate_up_proj", "down_proj", true, true));
        return parts.architecture(names, 1e-5, layer -> {
            boolean slides = !typed && layer % 2 == 0;
            Attention.Span span = slides ? parts.window() : parts.typedWindow(layer);
            return new Architecture.Layer(attention.withSpan(span), experts);
        });
    }

    private static Architecture granite(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config);
        Attention attention = parts.attention().withScale((float) config.positiveOr(1, "attention_multiplier"));
        FeedForward experts = FeedForward.Sparse.plain(
                parts.router(Router.Score.SOFTMAX_OF_CHOSEN, Router.Divisor.NONE),
                config.size(Limits.WIDTH, "intermediate_size"));
        WeightNames names = WeightNames.MIXTRAL.withRouter("router.layer")
                .withExperts(new WeightNames.Experts.Fused("input_linear.weight", "output_linear.weight", false,
                        false));
        Architecture.Scales scales = new Architecture.Scales((float) config.positiveOr(1, "embedding_multiplier"),
                (float) config.positiveOr(1, "residual_multiplier"), (float) config.positiveOr(1, "logits_scaling"));
        return parts.architecture(names, Norm.rms(config.positiveOr(1e-6, "rms_norm_eps")), scales,
                layer -> new Architecture.Layer(attention, experts));
    }

    private static Architecture phi(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config, 1_000_000, 1);
        Attention attention = parts.attention().withSpan(parts.window());
        Router router = parts.router(Router.Score.SPARSE_MIXER, Router.Divisor.NONE);
        Parts.require(config, router.topK() == 2, "num_experts_per_tok " + router.topK()
                + ": this family's router chooses 2");
        Parts.require(config, config.positiveOr(Router.MIXER_JITTER, "router_jitter_noise") == Router.MIXER_JITTER,
                "router_jitter_noise is not " + Router.MIXER_JITTER + ", as this family's is");
        FeedForward experts = FeedForward.Sparse.plain(router, config.size(Limits.WIDTH, "intermediate_size"));
        return parts.architecture(WeightNames.MIXTRAL,
                new Norm(Norm.Kind.LAYER, config.positiveOr(1e-5, "rms_norm_eps"), false), Architecture.Scales.NONE,
                layer -> new Architecture.Layer(attention, experts))
                .withHead(config.flagOr(false, "tie_word_embeddings"), config.flagOr(false, "lm_head_bias"));
    }

    private static Architecture ernie(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config, 500_000, 1);
        Parts.require(config, !config.flagOr(false, "use_bias"), "use_bias true is not supported");
        Attention attention = Attention.GroupedQuery.plain(parts.heads(), parts.kvHeads(), parts.headDim(),
                parts.rope().rope().pairingNeighbours());
        Router router = parts.router(Router.Score.SOFTMAX,
                new Router.Divisor(true, 0, config.positiveOr(1e-12, "moe_norm_min"))).withCorrection();
        int shared = config.wholeOr(0, Limits.EXPERTS, "moe_num_shared_experts");
        FeedForward.Sparse plain = FeedForward.Sparse.plain(router, parts.expertWidth());
        FeedForward experts = shared == 0 ? plain : plain.withShared(shared * parts.expertWidth(), false);
        int first = config.wholeOr(1, Limits.LAYERS, "moe_layer_start_index");
        int last = config.has("moe_layer_end_index")
                ? config.lastIndex(parts.layers() - 1, "moe_layer_end_index")
                : parts.layers() - 1;
        int every = config.sizeOr(1, Limits.LAYERS, "moe_layer_interval");
        return parts.architecture(WeightNames.COMMON.withCorrection("moe_statics.e_score_correction_bias"),
                1e-5, layer -> {
                    boolean routes = layer >= first && layer <= last && (layer + 1) % every == 0;
                    return new Architecture.Layer(attention, routes ? experts : parts.dense());
                }).withHead(config.flagOr(true, "tie_word_embeddings"), false);
    }

    private static Architecture hunyuan(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config);
        for (String other : List.of("use_cla", "use_mla", "group_limited_greedy", "mlp_bias")) {
            Parts.same(config, other, false);
        }
        Attention attention = parts.attention().withHeadNorm(config.flagOr(true, "use_qk_norm")
                ? Attention.HeadNorm.PER_HEAD_AFTER_ROPE
                : Attention.HeadNorm.NONE);
        int width = config.size(Limits.WIDTH, "moe_intermediate_size", "intermediate_size");
        FeedForward.Sparse plain = FeedForward.Sparse.plain(parts.router(Router.Score.SOFTMAX, Router.Divisor.SUM),
                width);
        int shared = config.wholeOr(1, Limits.EXPERTS, "num_shared_expert");
        boolean mixed = config.flagOr(true, "use_mixed_mlp_moe") && shared > 0;
        FeedForward experts = mixed
                ? plain.withShared(Math.multiplyExact(shared, config.sizeOr(width, Limits.WIDTH, "intermediate_size")),
                        false)
                : plain;
        int dense = config.wholeOr(0, Limits.LAYERS, "moe_layer_num_skipped");
        return parts.architecture(WeightNames.COMMON.withRouter("gate.wg").withShared("shared_mlp")
                .withHeadNorms("query_layernorm", "key_layernorm"),
                1e-5, layer -> new Architecture.Layer(attention, layer < dense ? parts.dense() : experts));
    }

    private static Architecture llama4(ConfigReader config) throws ModelException {
        Parts parts = Parts.read(config, 500_000, 1);
        boolean norms = config.flagOr(true, "use_qk_norm");
        Attention.GroupedQuery plain = parts.attention();
        Attention.GroupedQuery rotated = Attention.GroupedQuery
                .plain(parts.heads(), parts.kvHeads(), parts.headDim(), parts.rope().rope().pairingNeighbours())
                .withBias(plain.bias(), plain.outputBias())
                .withHeadNorm(norms ? Attention.HeadNorm.UNIT_AFTER_ROPE : Attention.HeadNorm.NONE)
                .withSpan(new Attention.Span(Attention.Span.Kind.CHUNKED,
                        config.sizeOr(8192, Limits.POSITIONS, "attention_chunk_size")));
        Attention still = plain.withoutRope(config.switchOr(true, "attn_temperature_tuning")
                ? new Attention.Temperature(config.positiveOr(0.1, "attn_scale"),
                        config.positiveOr(8192, "floor_scale"))
                : Attention.Temperature.NONE);
        List<Integer> ropes = config.wholes(1, "no_rope_layers");
        int interval = config.sizeOr(4, Limits.LAYERS, "no_rope_layer_interval");
        int width = config.size(Limits.WIDTH, "intermediate_size");
        FeedForward experts = new FeedForward.Sparse(parts.router(Router.Score.SIGMOID, Router.Divisor.NONE), width,
                FeedForward.Activation.SILU, false, true, Optional.of(new FeedForward.Shared(width, false)));
        FeedForward dense = new FeedForward.Dense(config.sizeOr(width, Limits.WIDTH, "intermediate_size_mlp"),
                FeedForward.Activation.SILU);
        Set<Integer> moe = config.indices(Limits.LAYERS, "moe_layers");
        int every = config.sizeOr(1, Limits.LAYERS, "interleave_moe_layer_step");
        WeightNames names = WeightNames.COMMON.withBlock("feed_forward").withRouter("router")
                .withShared("shared_expert")
                .withExperts(new WeightNames.Experts.Fused("gate_up_proj", "down_proj", true, false));
        return parts.architecture(names, 1e-5, layer -> {
            boolean rotates = ropes.size() > layer ? ropes.get(layer) == 1 : (layer + 1) % interval != 0;
            boolean routes = moe.isEmpty() ? (layer + 1) % every == 0 : moe.contains(layer);
            return new Architecture.Layer(rotates ? rotated : still, routes ? experts : dense);
        });
    }
}
