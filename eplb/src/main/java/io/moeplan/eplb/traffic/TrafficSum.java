package io.moeplan.eplb.traffic;

import io.moeplan.eplb.Topology;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;

/** Adds up what tokens reach: with a probability, and from a source that may be any rank. */
final class TrafficSum {
    private final Topology topology;
    private final boolean priced;
    /** {@code [from][to]}; no rows without costs. */
    private final double[][] cost;
    /** Mean over all sources, {@code [to]}. */
    private final double[] meanCost;
    private double gpus;
    private double remoteGpus;
    private double nodes;
    private double remoteNodes;
    private double totalCost;

    TrafficSum(Topology topology, Optional<RankCosts> costs) {
        this.topology = topology;
        this.priced = costs.isPresent();
        this.cost = costs.map(RankCosts::cost).orElse(new double[0][]);
        this.meanCost = new double[topology.gpus()];
        Arrays.setAll(meanCost, to -> Arrays.stream(cost).mapToDouble(row -> row[to]).sum() / topology.gpus());
    }

    Topology topology() {
        return topology;
    }

    /** A token of {@code source} goes to {@code gpu} with this probability. */
    void gpu(int source, int gpu, double probability) {
        gpus += probability;
        if (source == TokenSources.ANY) {
            remoteGpus += probability * (topology.gpus() - 1) / topology.gpus();
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
            remoteNodes += probability * (topology.nodes() - 1) / topology.nodes();
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
