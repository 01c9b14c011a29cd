package io.moeplan.eplb.dispatch;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.search.ReplicaShares;
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
     */
    ReplicaShares shares(Topology topology, int[] senders);

    @Override
    default Split split(Topology topology, int[] senders) {
        return new Split.Fixed(shares(topology, senders));
    }

    @Override
    default LayerDispatch on(Layout layout) {
        return new FixedRoutes(layout, choices(layout))::gpuLoad;
    }
}
