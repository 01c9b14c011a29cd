package io.moeplan.engine.cpu;

import io.moeplan.engine.model.Router;
import java.util.Arrays;

/** A token's choice of experts from its router logits. Not for use by two threads at once. */
final class TopK {
    private final Router router;
    private final float[] correction;
    /** What experts are chosen by: scores plus correction; NaN: not to be chosen. */
    private final float[] ranks;

    /** @param correction {@code [experts]}, null if the router has none */
    TopK(Router router, float[] correction) {
        this.router = router;
        this.correction = correction;
        this.ranks = new float[router.experts()];
    }

    /**
     * Writes the chosen experts, in descending rank and ties by number, to {@code experts[at ...]} and their weights to
     * {@code weights[at ...]}.
     *
     * @param logits {@code [experts]}, overwritten
     * @return whether all logits are finite; if not, nothing is written
     */
    boolean choose(float[] logits, char[] experts, float[] weights, int at) {
        for (int e = 0; e < router.experts(); e++) {
            if (!Float.isFinite(logits[e])) {
                return false;
            }
        }
        if (router.score() == Router.Score.SPARSE_MIXER) {
            mix(logits, experts, weights, at);
            return true;
        }
        score(logits);
        for (int e = 0; e < router.experts(); e++) {
            ranks[e] = correction == null ? logits[e] : logits[e] + correction[e];
        }
        router.groups().ifPresent(this::keepBestGroups);
        for (int k = 0; k < router.topK(); k++) {
            int best = best(0, router.experts());
            experts[at + k] = (char) best;
            weights[at + k] = logits[best];
            ranks[best] = Float.NaN;
        }
        weigh(weights, at);
        return true;
    }

    /** The expert of {@code [from, to)} with the highest rank, the first of equals. */
    private int best(int from, int to) {
        int best = -1;
        for (int e = from; e < to; e++) {
            if (!Float.isNaN(ranks[e]) && (best < 0 || ranks[e] > ranks[best])) {
                best = e;
            }
        }
        return best;
    }

    private void keepBestGroups(Router.Groups groups) {
        int size = router.experts() / groups.count();
        float[] scores = new float[groups.count()];
        for (int g = 0; g < groups.count(); g++) {
            int first = best(g * size, (g + 1) * size);
            scores[g] = ranks[first];
            if (groups.best() == 2) {
                float held = ranks[first];
                ranks[first] = Float.NaN;
                scores[g] += ranks[best(g * size, (g + 1) * size)];
                ranks[first] = held;
            }
        }
        boolean[] kept = new boolean[groups.count()];
        for (int k = 0; k < groups.kept(); k++) {
            int best = -1;
            for (int g = 0; g < groups.count(); g++) {
                if (!kept[g] && (best < 0 || scores[g] > scores[best])) {
                    best = g;
                }
            }
            kept[best] = true;
        }
        for (int g = 0; g < groups.count(); g++) {
            if (!kept[g]) {
                Arrays.fill(ranks, g * size, (g + 1) * size, Float.NaN);
            }
        }
    }

    private void score(float[] logits) {
        switch (router.score()) {
            case SOFTMAX -> softmax(logits, 0, router.experts());
            case SIGMOID -> {
                for (int e = 0; e < router.experts(); e++) {
                    logits[e] = (float) (1 / (1 + Math.exp(-logits[e])));
                }
            }
            case SOFTMAX_OF_CHOSEN, SPARSE_MIXER -> {
                // The logits themselves order the experts.
            }
        }
    }

    private void weigh(float[] weights, int at) {
        if (router.score() == Router.Score.SOFTMAX_OF_CHOSEN) {
            softmax(weights, at, router.topK());
        }
        double divisor = 1;
        if (router.divisor().sum()) {
            divisor = router.divisor().epsilon();
            for (int k = 0; k < router.topK(); k++) {
                divisor += weights[at + k];
            }
            divisor = Math.max(divisor, router.divisor().floor());
        }
        for (int k = 0; k < router.topK(); k++) {
            weights[at + k] = (float) (weights[at + k] / divisor * router.scale());
        }
    }

    /**
     * The best expert, weighed by a softmax over those that are not far below it; then the best of the others, weighed the
     * same way among them.
     */
    private void mix(float[] logits, char[] experts, float[] weights, int at) {
        System.arraycopy(logits, 0, ranks, 0, router.experts());
        for (int k = 0; k < 2; k++) {
            int best = best(0, router.experts());
            float max = ranks[best];
            double sum = 0;
            for (int e = 0; e < router.experts(); e++) {
                double factor = Math.max(Math.abs(logits[e]), max);
                if (!Float.isNaN(ranks[e]) && !((max - logits[e]) / factor > 2 * Router.MIXER_JITTER)) {
                    sum += Math.exp(ranks[e] - max);
                }
            }
            experts[at + k] = (char) best;
            weights[at + k] = (float) (1 / sum);
            ranks[best] = Float.NaN;
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
