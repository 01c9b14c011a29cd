package io.moeplan.eplb.traffic;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.dispatch.FixedChoice;
import java.util.Arrays;

/** Routes under a rule by which each source rank has its one replica of each expert. */
final class FixedTokenRoutes implements TokenRoutes {
    private final TrafficSum sum;
    /** The ranks that tokens may come from. */
    private final int[] senders;
    /** The GPU that a source rank sends to, {@code [experts][gpus]}. */
    private final int[][] target;
    /** Whether all senders send an expert's tokens to one GPU, {@code [experts]}. */
    private final boolean[] same;
    /** The number of the visit in which a GPU, or a node, was last seen. */
    private final long[] gpuSeen;
    private final long[] nodeSeen;
    private long visit;

    FixedTokenRoutes(Layout layout, FixedChoice rule, TrafficSum sum) {
        this.sum = sum;
        int gpus = layout.topology().gpus();
        this.senders = layout.senders();
        this.target = rule.choices(layout);
        this.same = new boolean[target.length];
        for (int expert = 0; expert < target.length; expert++) {
            for (int source = 0; source < gpus; source++) {
                target[expert][source] = layout.gpu(expert, target[expert][source]);
            }
            int[] targets = target[expert];
            same[expert] = Arrays.stream(senders).allMatch(source -> targets[source] == targets[senders[0]]);
        }
        this.gpuSeen = new long[gpus];
        this.nodeSeen = new long[layout.topology().nodes()];
    }

    @Override
    public void add(short[] experts, int from, int topK, int source) {
        if (source == TokenSources.ANY) {
            addFromAny(experts, from, topK);
            return;
        }
        long token = ++visit;
        for (int k = from; k < from + topK; k++) {
            visit(target[Short.toUnsignedInt(experts[k])][source], source, 1, token);
        }
    }

    /** Adds what all sources have in common once, and only what is beyond it for each of them. */
    private void addFromAny(short[] experts, int from, int topK) {
        long common = ++visit;
        boolean differ = false;
        for (int k = from; k < from + topK; k++) {
            int expert = Short.toUnsignedInt(experts[k]);
            differ |= !same[expert];
            if (same[expert]) {
                visit(target[expert][senders[0]], TokenSources.ANY, 1, common);
            }
        }
        if (!differ) {
            return;
        }
        for (int source : senders) {
            visit++;
            for (int k = from; k < from + topK; k++) {
                int expert = Short.toUnsignedInt(experts[k]);
                if (!same[expert]) {
                    visit(target[expert][source], source, 1.0 / senders.length, common);
                }
            }
        }
    }

    /** Counts a GPU and its node unless they were seen in this visit, or in the one in which {@code common} was. */
    private void visit(int gpu, int source, double probability, long common) {
        if (gpuSeen[gpu] != visit && gpuSeen[gpu] != common) {
            gpuSeen[gpu] = visit;
            sum.gpu(source, gpu, probability);
        }
        int node = sum.topology().nodeOf(gpu);
        if (nodeSeen[node] != visit && nodeSeen[node] != common) {
            nodeSeen[node] = visit;
            sum.node(source, node, probability);
        }
    }
}
