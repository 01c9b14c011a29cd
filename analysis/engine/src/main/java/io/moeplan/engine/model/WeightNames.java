package io.moeplan.engine.model;

import io.moeplan.tensors.Checkpoint;
import java.util.function.UnaryOperator;

/**
 * What a family calls its tensors, where families differ. {@code {expert}} stands for a number; names are relative to the
 * layer.
 *
 * @param block      prefix of the feed-forward block
 * @param router     the gate in it, {@code [experts, hidden]}, without {@code .weight} and {@code .bias}
 * @param correction the selection bias in it, {@code [experts]}
 * @param experts    the experts in it
 * @param shared     the shared MLP in it; its gate is {@code shared_expert_gate}
 * @param queryNorm  in the attention block, without {@code .weight}
 * @param keyNorm    in the attention block, without {@code .weight}
 */
public record WeightNames(String block, String router, String correction, Experts experts, String shared,
        String queryNorm, String keyNorm) {
    static final String EMBEDDING = "model.embed_tokens.weight";
    static final String FINAL_NORM = "model.norm";
    static final String HEAD = "lm_head.weight";
    static final String HEAD_BIAS = "lm_head.bias";
    static final String ATTENTION_NORM = "input_layernorm";
    static final String FEED_FORWARD_NORM = "post_attention_layernorm";

    /** The experts of most families. */
    static final Experts.Each APART = new Experts.Each("gate_proj", "up_proj", "down_proj");
    /** The names that most families have. */
    static final WeightNames COMMON = new WeightNames("mlp", "gate", "gate.e_score_correction_bias",
            APART, "shared_experts", "q_norm", "k_norm");
    /** The names that Mixtral brought. */
    static final WeightNames MIXTRAL = new WeightNames("block_sparse_moe", "gate", "e_score_correction_bias",
            new Experts.Each("w1", "w3", "w2"), "shared_experts", "q_norm", "k_norm");

    /** How experts lie in a checkpoint. */
    public sealed interface Experts {
        /** Three matrices {@code experts.{expert}.NAME.weight} for each. */
        record Each(String gate, String up, String down) implements Experts {}

        /**
         * Two tensors for all experts.
         *
         * @param gateUp      {@code [experts, 2 * width, hidden]}
         * @param down        {@code [experts, hidden, width]}
         * @param transposed  whether plain weights swap their last two dimensions (quantised ones never do)
         * @param interleaved whether gate and up alternate, rather than lie one after the other
         */
        record Fused(String gateUp, String down, boolean transposed, boolean interleaved) implements Experts {}
    }

    WeightNames withShared(String name) {
        return new WeightNames(block, router, correction, experts, name, queryNorm, keyNorm);
    }

    WeightNames withRouter(String name) {
        return new WeightNames(block, name, correction, experts, shared, queryNorm, keyNorm);
    }

    WeightNames withCorrection(String name) {
        return new WeightNames(block, router, name, experts, shared, queryNorm, keyNorm);
    }

    WeightNames withExperts(Experts layout) {
        return new WeightNames(block, router, correction, layout, shared, queryNorm, keyNorm);
    }

    WeightNames withBlock(String name) {
        return new WeightNames(name, router, correction, experts, shared, queryNorm, keyNorm);
    }

    WeightNames withHeadNorms(String query, String key) {
        return new WeightNames(block, router, correction, experts, shared, query, key);
    }

    /**
     * Where a checkpoint has these names: models that see or hear as well keep the language model under a prefix, of which
     * two are in use ({@code language_model.model.layers} and {@code model.language_model.layers}).
     */
    static UnaryOperator<String> place(Checkpoint checkpoint) {
        if (checkpoint.find(EMBEDDING).isPresent()) {
            return name -> name;
        }
        if (checkpoint.find("language_model." + EMBEDDING).isPresent()) {
            return name -> "language_model." + name;
        }
        if (checkpoint.find(EMBEDDING.replaceFirst("model", "model.language_model")).isPresent()) {
            return name -> name.startsWith("model.") ? "model.language_model" + name.substring(5) : name;
        }
        return name -> name;
    }

    /** The prefix of a layer's names. */
    static String layer(int layer) {
        return "model.layers." + layer + ".";
    }
}
