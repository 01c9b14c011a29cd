package io.moeplan.eplb.traffic;

import io.moeplan.eplb.FixedChoice;
import io.moeplan.eplb.Layout;

/** Routes under a rule by which each source rank has its one replica of each expert. */
final class FixedTokenRoutes implements TokenRoutes {
    private final TrafficSum sum;
    private final int gpus;
    /** The GPU that a source rank sends to, {@code [experts][gpus]}. */
    private final int[][] target;
    /** The number of the visit in which a GPU, or a node, was last seen. */
    private final long[] gpuSeen;
    private final long[] nodeSeen;
    private long visit;

    FixedTokenRoutes(Layout layout, FixedChoice rule, TrafficSum sum) {
        this.sum = sum;
        this.gpus = layout.topology().gpus();
        this.target = rule.choices(layout);
        for (int expert = 0; expert < target.length; expert++) {
            for (int source = 0; source < gpus; source++) {
                target[expert][source] = layout.gpu(expert, target[expert][source]);
            }
        }
        this.gpuSeen = new long[gpus];
        this.nodeSeen = new long[layout.topology().nodes()];
    }

    @Override
    public void add(short[] experts, int from, int topK, int source) {
        if (source != TokenSources.ANY) {
            visit(experts, from, topK, source, 1);
            return;
        }
        for (int any = 0; any < gpus; any++) {
            visit(experts, from, topK, any, 1.0 / gpus);
        }
    }

    private void visit(short[] experts, int from, int topK, int source, double probability) {
        visit++;
        for (int k = 0; k < topK; k++) {
            int gpu = target[Short.toUnsignedInt(experts[from + k])][source];
            if (gpuSeen[gpu] != visit) {
                gpuSeen[gpu] = visit;
                sum.gpu(source, gpu, probability);
                int node = sum.topology().nodeOf(gpu);
                if (nodeSeen[node] != visit) {
                    nodeSeen[node] = visit;
                    sum.node(source, node, probability);
                }
            }
        }
    }
}
