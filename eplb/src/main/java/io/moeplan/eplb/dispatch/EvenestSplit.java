package io.moeplan.eplb.dispatch;

import io.moeplan.eplb.Layout;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * The most even loads that any split of the experts' tokens over their replicas allows, exactly.
 *
 * <p>A split can reach the loads that sum to all tokens and give every set S of GPUs at least {@code w(S)}, the tokens of
 * the experts whose replicas all lie in S. So no maximum is below {@code w(S) / |S|} for any S, and the least one is the
 * largest of these (max-flow min-cut). Such loads are the base of a supermodular polyhedron, whose most even point the
 * decomposition algorithm finds (S. Fujishige, "Lexicographically optimal base of a polymatroid with respect to a weight
 * vector", 1980): try to give every GPU of a part the part's mean, by a flow from experts to GPUs. If that works, these are
 * the loads. If not, the minimum cut is the set S of GPUs with the largest {@code w(S) - mean * |S|}; the experts that lie
 * in S entirely fill it, all others keep out of it, and both sides are parts to be solved by themselves. Every try settles
 * a part or splits it in two, so there are fewer tries than {@code 2 * gpus}. Flows are whole numbers, scaled by the number
 * of GPUs in the part: nothing is rounded before the last division.
 */
final class EvenestSplit {
    private final ReplicaGraph graph;
    private final ReplicaFlow flow;
    /** Tokens of the experts that lie on this GPU only, {@code [gpus]}. */
    private final long[] own;
    /** Tokens of the experts of the graph. */
    private final long[] demand;
    /** GPUs and experts of the graph, those of a part next to each other. */
    private final int[] gpus;
    private final int[] experts;
    private int parts;

    EvenestSplit(Layout layout) {
        graph = new ReplicaGraph(layout);
        flow = new ReplicaFlow(graph);
        own = new long[graph.gpus()];
        demand = new long[graph.experts()];
        gpus = new int[graph.gpus()];
        experts = new int[graph.experts()];
    }

    void gpuLoad(LayerStep step, double[] load) {
        Arrays.fill(own, 0);
        for (int e = 0; e < graph.home.length; e++) {
            if (graph.home[e] >= 0) {
                own[graph.home[e]] += step.count(e);
            }
        }
        int active = 0;
        for (int m = 0; m < demand.length; m++) {
            demand[m] = step.count(graph.expert[m]);
            flow.expertPart[m] = demand[m] > 0 ? 0 : -1;
            if (demand[m] > 0) {
                experts[active++] = m;
            }
        }
        Arrays.setAll(gpus, gpu -> gpu);
        Arrays.fill(flow.gpuPart, 0);
        parts = 1;
        solve(0, gpus.length, 0, active, load);
    }

    /** Sets the loads of the part that these sections of {@link #gpus} and {@link #experts} make up. */
    private void solve(int gpuBegin, int gpuEnd, int expertBegin, int expertEnd, double[] load) {
        if (expertBegin == expertEnd) {
            for (int i = gpuBegin; i < gpuEnd; i++) {
                load[gpus[i]] = own[gpus[i]];
            }
            return;
        }
        long total = total(gpuBegin, gpuEnd, expertBegin, expertEnd);
        int size = gpuEnd - gpuBegin;
        for (int i = gpuBegin; i < gpuEnd; i++) {
            flow.room[gpus[i]] = total - size * own[gpus[i]];
        }
        for (int i = expertBegin; i < expertEnd; i++) {
            flow.unsent[experts[i]] = size * demand[experts[i]];
        }
        if (flow.send(experts, expertBegin, expertEnd, gpus, gpuBegin, gpuEnd)) {
            for (int i = gpuBegin; i < gpuEnd; i++) {
                load[gpus[i]] = (double) total / size;
            }
            return;
        }
        int gpuMiddle = moveFirst(gpus, gpuBegin, gpuEnd, flow::gpuReached);
        int expertMiddle = moveFirst(experts, expertBegin, expertEnd, flow::expertReached);
        int reached = parts++;
        for (int i = gpuBegin; i < gpuMiddle; i++) {
            flow.gpuPart[gpus[i]] = reached;
        }
        for (int i = expertBegin; i < expertMiddle; i++) {
            flow.expertPart[experts[i]] = reached;
        }
        solve(gpuBegin, gpuMiddle, expertBegin, expertMiddle, load);
        solve(gpuMiddle, gpuEnd, expertMiddle, expertEnd, load);
    }

    private long total(int gpuBegin, int gpuEnd, int expertBegin, int expertEnd) {
        long total = 0;
        for (int i = gpuBegin; i < gpuEnd; i++) {
            total += own[gpus[i]];
        }
        for (int i = expertBegin; i < expertEnd; i++) {
            total += demand[experts[i]];
        }
        return total;
    }

    /** Moves the items of a section that are in a set to its front; returns where they end. */
    private static int moveFirst(int[] items, int begin, int end, IntPredicate in) {
        int middle = begin;
        for (int i = begin; i < end; i++) {
            if (in.test(items[i])) {
                int item = items[i];
                items[i] = items[middle];
                items[middle++] = item;
            }
        }
        return middle;
    }
}
