package io.moeplan.eplb.traffic;

import io.moeplan.eplb.Layout;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * Routes where each token takes each replica of an expert with equal probability, independently: a GPU is reached with
 * probability {@code 1 - product over the token's experts of (1 - share of the expert's replicas on it)}, a node likewise.
 */
final class RandomTokenRoutes implements TokenRoutes {
    /** The places (GPUs or nodes) of each expert's replicas, with the share of them there. */
    private static final class Places {
        private final int[][] place;
        private final double[][] share;
        /** Per place: the chance that the token does not come there. */
        private final double[] missed;
        private final boolean[] touched;
        private final int[] list;
        private int size;

        Places(Layout layout, int places, IntUnaryOperator placeOfGpu) {
            place = new int[layout.experts()][];
            share = new double[layout.experts()][];
            for (int expert = 0; expert < layout.experts(); expert++) {
                int e = expert;
                int n = layout.replicas(expert);
                int[] at = new int[n];
                Arrays.setAll(at, r -> placeOfGpu.applyAsInt(layout.gpu(e, r)));
                place[expert] = Arrays.stream(at).distinct().toArray();
                share[expert] = Arrays.stream(place[expert])
                        .mapToDouble(p -> (double) Arrays.stream(at).filter(q -> q == p).count() / n).toArray();
            }
            missed = new double[places];
            touched = new boolean[places];
            list = new int[places];
        }

        void route(short[] experts, int from, int topK) {
            size = 0;
            for (int k = from; k < from + topK; k++) {
                int expert = Short.toUnsignedInt(experts[k]);
                for (int i = 0; i < place[expert].length; i++) {
                    int at = place[expert][i];
                    if (!touched[at]) {
                        touched[at] = true;
                        missed[at] = 1;
                        list[size++] = at;
                    }
                    missed[at] *= 1 - share[expert][i];
                }
            }
            for (int i = 0; i < size; i++) {
                touched[list[i]] = false;
            }
        }
    }

    private final TrafficSum sum;
    private final Places gpus;
    private final Places nodes;

    RandomTokenRoutes(Layout layout, TrafficSum sum) {
        this.sum = sum;
        this.gpus = new Places(layout, layout.topology().gpus(), gpu -> gpu);
        this.nodes = new Places(layout, layout.topology().nodes(), layout.topology()::nodeOf);
    }

    @Override
    public void add(short[] experts, int from, int topK, int source) {
        gpus.route(experts, from, topK);
        for (int i = 0; i < gpus.size; i++) {
            sum.gpu(source, gpus.list[i], 1 - gpus.missed[gpus.list[i]]);
        }
        nodes.route(experts, from, topK);
        for (int i = 0; i < nodes.size; i++) {
            sum.node(source, nodes.list[i], 1 - nodes.missed[nodes.list[i]]);
        }
    }
}
