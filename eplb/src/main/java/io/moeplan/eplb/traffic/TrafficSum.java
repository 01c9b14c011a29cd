package io.moeplan.eplb.traffic;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.Topology;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.IntUnaryOperator;

/** Adds up what tokens reach: with a probability, and from a source that may be any rank. */
final class TrafficSum {
    private final Topology topology;
    private final boolean priced;
    /** {@code [from][to]}; no rows without costs. */
    private final double[][] cost;
    /** Mean over the senders, {@code [to]}. */
    private final double[] meanCost;
    /** The share of the senders that are not this GPU, or not on this node. */
    private final double[] otherGpus;
    private final double[] otherNodes;
    private double gpus;
    private double remoteGpus;
    private double nodes;
    private double remoteNodes;
    private double totalCost;

    TrafficSum(Layout layout, Optional<RankCosts> costs) {
        this.topology = layout.topology();
        int[] senders = layout.senders();
        this.priced = costs.isPresent();
        this.cost = costs.map(RankCosts::cost).orElse(new double[0][]);
        this.meanCost = new double[topology.gpus()];
        if (priced) {
            Arrays.setAll(meanCost, to -> Arrays.stream(senders).mapToDouble(from -> cost[from][to]).sum()
                    / senders.length);
        }
        this.otherGpus = shareOfOthers(senders, topology.gpus(), gpu -> gpu);
        this.otherNodes = shareOfOthers(senders, topology.nodes(), topology::nodeOf);
    }

    private static double[] shareOfOthers(int[] senders, int places, IntUnaryOperator placeOfGpu) {
        double[] others = new double[places];
        Arrays.setAll(others, place -> (double) Arrays.stream(senders)
                .filter(sender -> placeOfGpu.applyAsInt(sender) != place).count() / senders.length);
        return others;
    }

    Topology topology() {
        return topology;
    }

    /** A token of {@code source} goes to {@code gpu} with this probability. */
    void gpu(int source, int gpu, double probability) {
        gpus += probability;
        if (source == TokenSources.ANY) {
            remoteGpus += probability * otherGpus[gpu];
            totalCost += probability * meanCost[gpu];
            return;
        }
        remoteGpus += source == gpu ? 0 : probability;
        totalCost += priced ? probability * cost[source][gpu] : 0;
    }

    /** A token of {@code source} goes to {@code node} with this probability. */
    void node(int source, int node, double probability) {
        nodes += probability;
        if (source == TokenSources.ANY) {
            remoteNodes += probability * otherNodes[node];
        } else {
            remoteNodes += topology.nodeOf(source) == node ? 0 : probability;
        }
    }

    TrafficFigures figures(long tokens) {
        double scale = 1.0 / Math.max(1, tokens);
        return new TrafficFigures(gpus * scale, remoteGpus * scale, nodes * scale, remoteNodes * scale,
                priced ? OptionalDouble.of(totalCost * scale) : OptionalDouble.empty());
    }
}
