package io.moeplan.statistics;

/**
 * How differently one tag's requests (a domain, a language, ...) use the experts.
 *
 * <p>All differences are Jensen-Shannon divergences to base 2, 0 (same shares) to 1 (no expert in common):
 * {@code JS(p, q) = H((p + q) / 2) - (H(p) + H(q)) / 2} with H the entropy in bits of the load shares (Lin 1991); the
 * square root of it is the Jensen-Shannon distance. A layer where either side has no load counts as 0 and is left out
 * of the means.
 *
 * @param tag        the tag as recorded
 * @param routed     tokens routed under it, over all layers (tokens times top-k times layers)
 * @param fromWhole  divergence from all tags together, this one included, {@code [layers]}
 * @param fromRest   divergence from all other tags together, {@code [layers]}; the one to compare tags by, since a tag
 *                   that makes up most of a recording is close to the whole by construction
 * @param noise      what {@code fromRest} would be about if tag and rest had the same true shares and every routed token
 *                   were an independent draw, {@code [layers]}: {@code (k - 1) (1/n + 1/m) / (8 ln 2)}, with k experts
 *                   that have load, n and m routed tokens on the two sides (second-order expansion), at most 1
 * @param meanFromWhole mean over layers
 * @param meanFromRest  mean over layers
 * @param meanNoise     mean over layers
 */
public record TagDifference(String tag, long routed, double[] fromWhole, double[] fromRest, double[] noise,
        double meanFromWhole, double meanFromRest, double meanNoise) {
    /** Jensen-Shannon distance for a divergence: its square root, a metric, 0 to 1. */
    public static double distance(double divergence) {
        return Math.sqrt(divergence);
    }
}
