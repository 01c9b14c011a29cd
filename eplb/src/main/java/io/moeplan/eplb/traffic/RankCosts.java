package io.moeplan.eplb.traffic;

import io.moeplan.eplb.Topology;

/**
 * What it costs to send a token from one rank to another, in any unit; for fabrics whose links differ. Read one with
 * {@link RankCostsFile}.
 *
 * @param cost {@code [from][to]}, from 0 on
 */
public record RankCosts(double[][] cost) {
    /** @throws IllegalArgumentException if the matrix is empty, not square, or has a cost that is negative or no number */
    public RankCosts {
        if (cost.length == 0) {
            throw new IllegalArgumentException("a matrix of costs without ranks");
        }
        for (int from = 0; from < cost.length; from++) {
            if (cost[from].length != cost.length) {
                throw new IllegalArgumentException("row " + from + " of the costs has " + cost[from].length
                        + " columns, expected one for each of the " + cost.length + " ranks");
            }
            for (int to = 0; to < cost.length; to++) {
                if (!(cost[from][to] >= 0 && cost[from][to] <= Double.MAX_VALUE)) {
                    throw new IllegalArgumentException("the cost from rank " + from + " to rank " + to + " is "
                            + cost[from][to] + ", expected 0 or more");
                }
            }
        }
    }

    /** Nothing on a GPU itself, one cost within a node and another between nodes. */
    public static RankCosts ofLinks(Topology topology, double withinNode, double betweenNodes) {
        double[][] cost = new double[topology.gpus()][topology.gpus()];
        for (int from = 0; from < cost.length; from++) {
            for (int to = 0; to < cost.length; to++) {
                boolean near = topology.nodeOf(from) == topology.nodeOf(to);
                cost[from][to] = from == to ? 0 : near ? withinNode : betweenNodes;
            }
        }
        return new RankCosts(cost);
    }

    public int ranks() {
        return cost.length;
    }
}
