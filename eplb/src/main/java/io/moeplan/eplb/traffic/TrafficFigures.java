package io.moeplan.eplb.traffic;

import java.util.OptionalDouble;

/**
 * Means per token, of one layer or over layers. A token is sent once to each GPU on which one of its experts is computed,
 * however many of them are there; between nodes once to each node, which passes it on.
 *
 * @param gpus        distinct GPUs among a token's experts, its own included
 * @param remoteGpus  the same without the GPU that the token comes from
 * @param nodes       distinct nodes among a token's experts, its own included
 * @param remoteNodes the same without the node that the token comes from
 * @param cost        the cost of sending it to its distinct GPUs, by the matrix of costs, in the matrix's unit; empty
 *                    without a matrix
 */
public record TrafficFigures(double gpus, double remoteGpus, double nodes, double remoteNodes, OptionalDouble cost) {
    /** The share of the nodes that tokens go to that is not their own: {@code remoteNodes / nodes}. */
    public double crossNodeShare() {
        return nodes == 0 ? 0 : remoteNodes / nodes;
    }
}
