package io.moeplan.statistics;

import io.moeplan.eplb.TokenTrace;
import java.util.Arrays;

/**
 * How far two recordings of the same workload agree: made in two precisions, on two devices, or by two engines.
 *
 * @param layerIds the model's own number of each MoE layer, {@code [layers]}
 * @param tokens   tokens of the workload
 * @param same     share of tokens whose experts are the same set in both, 0 to 1, {@code [layers]}
 * @param shift    the largest difference of an expert's tokens in the two, as a share of all tokens, {@code [layers]}
 */
public record Agreement(int[] layerIds, long tokens, double[] same, double[] shift) {
    /**
     * Compares token by token.
     *
     * @throws IllegalArgumentException if they are not of the same model or workload, saying in what they differ
     */
    public static Agreement of(TokenTrace one, TokenTrace other) {
        requireSame(one, other);
        int layers = one.layers();
        long[] same = new long[layers];
        long[][] difference = new long[layers][one.experts()];
        for (int r = 0; r < one.requests().size(); r++) {
            short[] left = one.requests().get(r).experts().clone();
            short[] right = other.requests().get(r).experts().clone();
            for (int at = 0; at < left.length; at += one.topK()) {
                int layer = at / one.topK() % layers;
                Arrays.sort(left, at, at + one.topK());
                Arrays.sort(right, at, at + one.topK());
                if (Arrays.equals(left, at, at + one.topK(), right, at, at + one.topK())) {
                    same[layer]++;
                }
                for (int k = at; k < at + one.topK(); k++) {
                    difference[layer][Short.toUnsignedInt(left[k])]++;
                    difference[layer][Short.toUnsignedInt(right[k])]--;
                }
            }
        }
        double tokens = one.tokens();
        return new Agreement(one.layerIds(), one.tokens(),
                Arrays.stream(same).mapToDouble(count -> count / tokens).toArray(),
                Arrays.stream(difference)
                        .mapToDouble(counts -> Arrays.stream(counts).map(Math::abs).max().orElse(0) / tokens)
                        .toArray());
    }

    private static void requireSame(TokenTrace one, TokenTrace other) {
        requireSame("MoE layers", Arrays.toString(one.layerIds()), Arrays.toString(other.layerIds()));
        requireSame("experts", String.valueOf(one.experts()), String.valueOf(other.experts()));
        requireSame("top-k", String.valueOf(one.topK()), String.valueOf(other.topK()));
        requireSame("requests", String.valueOf(one.requests().size()), String.valueOf(other.requests().size()));
        if (one.tokens() == 0) {
            throw new IllegalArgumentException("the recordings have no tokens to compare");
        }
        for (int r = 0; r < one.requests().size(); r++) {
            requireSame("tokens of request " + r, String.valueOf(one.requests().get(r).tokens()),
                    String.valueOf(other.requests().get(r).tokens()));
        }
    }

    private static void requireSame(String what, String one, String other) {
        if (!one.equals(other)) {
            throw new IllegalArgumentException("the recordings are not of the same model and workload: " + what + " "
                    + one + " and " + other);
        }
    }

    /** Share of (token, layer) whose experts are the same set. */
    public double overall() {
        return Arrays.stream(same).average().orElse(1);
    }

    /** The largest {@link #shift} of any layer. */
    public double largestShift() {
        return Arrays.stream(shift).max().orElse(0);
    }
}
