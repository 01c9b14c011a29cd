package io.moeplan.eplb;

import io.moeplan.eplb.search.Split;

/**
 * A rule by which each source rank always uses one and the same replica of an expert. Source rank r is GPU r: attention is
 * data-parallel, and every GPU sends its own tokens.
 */
public sealed interface FixedChoice extends Dispatch permits ModuloReplica, StaticReplica {
    /**
     * The replica that each source rank uses.
     *
     * @return replicas by their number in the layout, {@code [experts][gpus]}
     */
    int[][] choices(Layout layout);

    /**
     * The share of an expert's tokens that each of its replicas is to be planned with, if every sender sends an equal share.
     *
     * @param senders the source ranks that send tokens, ascending
     * @param gpus    the GPUs that hold the expert, ascending, {@code [replicas]}
     * @return {@code [replicas]}
     */
    double[] shares(Topology topology, int[] senders, int[] gpus);

    @Override
    default Split split(Topology topology, int[] senders) {
        return new Split.Fixed(gpus -> shares(topology, senders, gpus));
    }

    @Override
    default LayerDispatch on(Layout layout) {
        return new FixedRoutes(layout, choices(layout))::gpuLoad;
    }
}
