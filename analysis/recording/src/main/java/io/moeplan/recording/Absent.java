package io.moeplan.recording;

import java.util.Arrays;
import java.util.Optional;

/** What another engine's dump may not tell; {@link #label()} is its name in manifests. */
public enum Absent {
    /** When: all loads are one sum. */
    STEPS("steps"),
    /** How many tokens a step had: they are derived from its counts. */
    TOKENS("tokens"),
    /** Which requests there were: each "request" is a forward pass, or there are none. */
    REQUESTS("requests"),
    /** Experts per token: what was given, or 1. */
    TOP_K("top_k"),
    /** How many experts a layer has: the highest that was used, and those below it. */
    EXPERTS("experts"),
    /** The model's own numbers of its MoE layers: they are counted from 0. */
    LAYER_NUMBERS("layer_numbers"),
    /** Tokens' ids in the vocabulary: they are -1. */
    TOKEN_IDS("token_ids"),
    /** Tokens' places in their requests: they are counted from 0. */
    POSITIONS("positions"),
    /** What was prefill and what was decode. */
    PHASES("phases");

    private final String label;

    Absent(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }

    /** The value with this label, empty if there is none. */
    static Optional<Absent> ofLabel(String label) {
        return Arrays.stream(values()).filter(value -> value.label.equals(label)).findAny();
    }
}
