package io.moeplan.eplb.search;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Which groups go to which node: heaviest first, then groups change places while the worst node gains. */
final class GroupPacking {
    private final LayerProblem problem;
    private final double[] weight;
    private final int[] gpus;
    private final int[] slots;

    GroupPacking(LayerProblem problem, double[] weight) {
        this.problem = problem;
        this.weight = weight;
        gpus = new int[problem.nodes()];
        slots = new int[problem.nodes()];
        for (int gpu = 0; gpu < problem.gpus(); gpu++) {
            gpus[problem.node()[gpu]] += problem.capacity()[gpu] > 0 ? 1 : 0;
            slots[problem.node()[gpu]] += problem.capacity()[gpu];
        }
    }

    /** The node of each group, {@code [groups]}. */
    int[] pack() {
        int groups = problem.groups();
        double[] groupWeight = new double[groups];
        for (int e = 0; e < weight.length; e++) {
            groupWeight[problem.groupOf(e)] += weight[e];
        }
        int[] node = new int[groups];
        int[] held = new int[gpus.length];
        double[] nodeWeight = new double[gpus.length];
        for (int group : IntStream.range(0, groups).boxed()
                .sorted((a, b) -> Double.compare(groupWeight[b], groupWeight[a])).mapToInt(Integer::intValue)
                .toArray()) {
            int best = IntStream.range(0, held.length).filter(n -> held[n] < groups / held.length).boxed()
                    .min((a, b) -> Double.compare(nodeWeight[a] / gpus[a], nodeWeight[b] / gpus[b])).orElseThrow();
            node[group] = best;
            held[best]++;
            nodeWeight[best] += groupWeight[group];
        }
        double[] fullness = new double[gpus.length];
        Arrays.setAll(fullness, n -> fullness(n, node));
        while (exchange(node, fullness)) {
            // until no exchange helps
        }
        return node;
    }

    /** The best exchange of two groups, if one makes the fuller of its two nodes emptier. */
    private boolean exchange(int[] node, double[] fullness) {
        double best = -1e-9;
        int first = -1;
        int second = -1;
        for (int a = 0; a < node.length; a++) {
            for (int b = a + 1; b < node.length; b++) {
                if (node[a] != node[b]) {
                    double before = Math.max(fullness[node[a]], fullness[node[b]]);
                    swap(node, a, b);
                    double change = Math.max(fullness(node[a], node), fullness(node[b], node)) - before;
                    swap(node, a, b);
                    if (change < best) {
                        best = change;
                        first = a;
                        second = b;
                    }
                }
            }
        }
        if (first < 0) {
            return false;
        }
        swap(node, first, second);
        fullness[node[first]] = fullness(node[first], node);
        fullness[node[second]] = fullness(node[second], node);
        return true;
    }

    private static void swap(int[] node, int a, int b) {
        int n = node[a];
        node[a] = node[b];
        node[b] = n;
    }

    /** No layout of a node has a fullest GPU below this: its mean GPU load or its largest slot (see {@code Bound}). */
    private double fullness(int n, int[] node) {
        double[] own = IntStream.range(0, weight.length).filter(e -> node[problem.groupOf(e)] == n)
                .mapToDouble(e -> weight[e]).toArray();
        double mean = Arrays.stream(own).sum() / gpus[n];
        int[] replicas = new int[own.length];
        Arrays.fill(replicas, 1);
        int spare = slots[n] - own.length;
        while (true) {
            int largest = 0;
            for (int e = 1; e < own.length; e++) {
                if (own[e] * replicas[largest] > own[largest] * replicas[e]) {
                    largest = e;
                }
            }
            if (spare-- <= 0 || own[largest] / replicas[largest] <= mean) {
                return Math.max(mean, own[largest] / replicas[largest]);
            }
            replicas[largest]++;
        }
    }
}
