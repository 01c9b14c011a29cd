package io.moeplan.eplb.dispatch;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.search.ReplicaShares;

/**
 * vllm-ascend's rule: source rank r uses replica {@code r mod n} of an expert with n replicas, in order of their slots
 * ({@code generate_log2phy_map} in {@code vllm_ascend/eplb/core/eplb_utils.py}).
 */
public record ModuloReplica() implements FixedChoice {
    @Override
    public String name() {
        return "modulo";
    }

    @Override
    public int[][] choices(Layout layout) {
        int[][] choices = new int[layout.experts()][layout.topology().gpus()];
        for (int expert = 0; expert < choices.length; expert++) {
            for (int source = 0; source < choices[expert].length; source++) {
                choices[expert][source] = source % layout.replicas(expert);
            }
        }
        return choices;
    }

    /** Exact: the first replicas take a rank more where the ranks do not divide by them. */
    @Override
    public ReplicaShares shares(Topology topology, int[] senders) {
        return gpus -> {
            double[] shares = new double[gpus.length];
            for (int source : senders) {
                shares[source % gpus.length] += 1;
            }
            for (int r = 0; r < shares.length; r++) {
                shares[r] /= senders.length;
            }
            return shares;
        };
    }
}
