package io.moeplan.engine.cpu;

import io.moeplan.engine.model.Router;

/** A token's choice of experts from its router logits. */
final class TopK {
    private TopK() {}

    /**
     * Writes the chosen experts, in descending score and ties by number, to {@code experts[at ...]} and their weights to
     * {@code weights[at ...]}.
     *
     * @param logits {@code [experts]}, overwritten
     * @return whether all logits are finite; if not, nothing is written
     */
    static boolean choose(Router router, float[] logits, char[] experts, float[] weights, int at) {
        for (int e = 0; e < router.experts(); e++) {
            if (!Float.isFinite(logits[e])) {
                return false;
            }
        }
        score(router, logits);
        for (int k = 0; k < router.topK(); k++) {
            int best = -1;
            for (int e = 0; e < router.experts(); e++) {
                if (!Float.isNaN(logits[e]) && (best < 0 || logits[e] > logits[best])) {
                    best = e;
                }
            }
            experts[at + k] = (char) best;
            weights[at + k] = logits[best];
            logits[best] = Float.NaN;
        }
        weigh(router, weights, at);
        return true;
    }

    private static void score(Router router, float[] logits) {
        switch (router.score()) {
            case SOFTMAX -> softmax(logits, 0, router.experts());
            case SIGMOID -> {
                for (int e = 0; e < router.experts(); e++) {
                    logits[e] = (float) (1 / (1 + Math.exp(-logits[e])));
                }
            }
            case SOFTMAX_OF_CHOSEN -> {
                // The logits themselves order the experts.
            }
        }
    }

    private static void weigh(Router router, float[] weights, int at) {
        if (router.score() == Router.Score.SOFTMAX_OF_CHOSEN) {
            softmax(weights, at, router.topK());
        }
        double divisor = 1;
        if (router.normalise()) {
            divisor = router.epsilon();
            for (int k = 0; k < router.topK(); k++) {
                divisor += weights[at + k];
            }
        }
        for (int k = 0; k < router.topK(); k++) {
            weights[at + k] = (float) (weights[at + k] / divisor * router.scale());
        }
    }

    private static void softmax(float[] x, int at, int count) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = at; i < at + count; i++) {
            max = Math.max(max, x[i]);
        }
        double sum = 0;
        for (int i = at; i < at + count; i++) {
            sum += Math.exp(x[i] - max);
        }
        for (int i = at; i < at + count; i++) {
            x[i] = (float) (Math.exp(x[i] - max) / sum);
        }
    }
}
