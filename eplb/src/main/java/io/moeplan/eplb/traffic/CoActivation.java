package io.moeplan.eplb.traffic;

import io.moeplan.eplb.TokenTrace;
import io.moeplan.eplb.search.Affinity;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which experts of a layer are chosen by the same tokens.
 *
 * @param tokens tokens counted
 * @param counts tokens that chose both experts, {@code [experts][experts]}, symmetric, zero on the diagonal
 */
public record CoActivation(long tokens, int[][] counts) {
    /** Counts the pairs of one MoE layer (an index). */
    public static CoActivation of(TokenTrace trace, int layer) {
        int[][] counts = new int[trace.experts()][trace.experts()];
        int topK = trace.topK();
        int stride = trace.layers() * topK;
        for (TokenTrace.Request request : trace.requests()) {
            for (int token = 0; token < request.tokens(); token++) {
                countPairs(request.experts(), token * stride + layer * topK, topK, counts);
            }
        }
        return new CoActivation(trace.tokens(), counts);
    }

    private static void countPairs(short[] experts, int from, int topK, int[][] counts) {
        for (int i = from; i < from + topK; i++) {
            int a = Short.toUnsignedInt(experts[i]);
            for (int j = from; j < i; j++) {
                int b = Short.toUnsignedInt(experts[j]);
                if (a != b) {
                    counts[a][b]++;
                    counts[b][a]++;
                }
            }
        }
    }

    /**
     * How much it saves to have two experts in one place, {@code [experts][experts]}: the share of all tokens that chose
     * both, which is, to first order, by how much the mean number of distinct GPUs (nodes) per token falls when the two
     * come to lie on one GPU (node). So sums of it over pairs compare directly with {@link TrafficFigures#gpus()}.
     */
    public double[][] affinity() {
        double[][] affinity = new double[counts.length][counts.length];
        double scale = 1.0 / Math.max(1, tokens);
        for (int a = 0; a < counts.length; a++) {
            for (int b = 0; b < counts.length; b++) {
                affinity[a][b] = counts[a][b] * scale;
            }
        }
        return affinity;
    }

    /**
     * What draws the experts of each layer together in a search, {@code [layers]}.
     *
     * @param gpuWeight  cost, in mean GPU loads, of one more distinct GPU per token
     * @param nodeWeight the same for nodes
     */
    public static List<Affinity> pull(TokenTrace trace, double gpuWeight, double nodeWeight) {
        return IntStream.range(0, trace.layers()).parallel()
                .mapToObj(layer -> new Affinity(of(trace, layer).shares(), gpuWeight, nodeWeight)).toList();
    }

    private float[][] shares() {
        double[][] exact = affinity();
        float[][] shares = new float[exact.length][exact.length];
        for (int a = 0; a < exact.length; a++) {
            for (int b = 0; b < exact.length; b++) {
                shares[a][b] = (float) exact[a][b];
            }
        }
        return shares;
    }
}
