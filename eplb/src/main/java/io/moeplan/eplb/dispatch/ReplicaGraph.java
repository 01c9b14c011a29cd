package io.moeplan.eplb.dispatch;

import io.moeplan.eplb.Layout;
import java.util.Arrays;

/**
 * The experts of a layout that lie on several GPUs, here numbered from 0, and an edge from each of them to each of its
 * GPUs. An expert that lies on one GPU only is no choice, and so not in here.
 */
final class ReplicaGraph {
    /** The GPU of an expert that lies on one only, else -1, {@code [experts]}. */
    final int[] home;
    /** The layout's number of each expert in the graph. */
    final int[] expert;
    /** The edges of expert m are {@code firstEdge[m] .. firstEdge[m + 1]}. */
    final int[] firstEdge;
    /** Both ends of each edge. */
    final int[] edgeExpert;
    final int[] edgeGpu;
    /** The edges to GPU g are {@code gpuEdges[firstGpuEdge[g] .. firstGpuEdge[g + 1]]}. */
    final int[] firstGpuEdge;
    final int[] gpuEdges;

    ReplicaGraph(Layout layout) {
        int experts = layout.experts();
        int gpus = layout.topology().gpus();
        int[] targets = new int[layout.topology().slots()];
        int[] numbers = new int[experts];
        int[] first = new int[experts + 1];
        int count = 0;
        home = new int[experts];
        for (int e = 0; e < experts; e++) {
            int end = distinctGpus(layout, e, targets, first[count]);
            boolean single = end - first[count] == 1;
            home[e] = single ? targets[first[count]] : -1;
            if (!single) {
                numbers[count++] = e;
                first[count] = end;
            }
        }
        expert = Arrays.copyOf(numbers, count);
        firstEdge = Arrays.copyOf(first, count + 1);
        edgeGpu = Arrays.copyOf(targets, firstEdge[count]);
        edgeExpert = new int[edgeGpu.length];
        for (int m = 0; m < count; m++) {
            Arrays.fill(edgeExpert, firstEdge[m], firstEdge[m + 1], m);
        }
        firstGpuEdge = new int[gpus + 1];
        for (int gpu : edgeGpu) {
            firstGpuEdge[gpu + 1]++;
        }
        Arrays.parallelPrefix(firstGpuEdge, Integer::sum);
        gpuEdges = new int[edgeGpu.length];
        int[] next = Arrays.copyOf(firstGpuEdge, gpus);
        for (int edge = 0; edge < edgeGpu.length; edge++) {
            gpuEdges[next[edgeGpu[edge]]++] = edge;
        }
    }

    /** Writes the GPUs that an expert lies on, each once, from {@code from} on; returns where they end. */
    private static int distinctGpus(Layout layout, int expert, int[] into, int from) {
        int end = from;
        for (int r = 0; r < layout.replicas(expert); r++) {
            // Replicas come in order of their slots, so those on one GPU are neighbours.
            int gpu = layout.gpu(expert, r);
            if (end == from || into[end - 1] != gpu) {
                into[end++] = gpu;
            }
        }
        return end;
    }

    int gpus() {
        return firstGpuEdge.length - 1;
    }

    /** Experts in the graph. */
    int experts() {
        return expert.length;
    }
}
