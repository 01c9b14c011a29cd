package io.moeplan.eplb.dispatch;

import io.moeplan.eplb.Layout;
import java.util.Arrays;

/** The load under a {@link FixedChoice}. */
final class FixedRoutes {
    private final Layout layout;
    private final int gpus;
    /** The GPU that each source rank sends an expert's tokens to, {@code [experts][gpus]}. */
    private final int[][] target;
    /** How many source ranks send tokens. */
    private final int senders;
    /** How many of them use each replica, {@code [experts][replicas]}. */
    private final int[][] users;

    /** @param choices the replica that each source rank uses, {@code [experts][gpus]} */
    FixedRoutes(Layout layout, int[][] choices) {
        this.layout = layout;
        this.gpus = layout.topology().gpus();
        this.target = new int[layout.experts()][gpus];
        this.users = new int[layout.experts()][];
        int[] sending = layout.senders();
        this.senders = sending.length;
        for (int expert = 0; expert < layout.experts(); expert++) {
            users[expert] = new int[layout.replicas(expert)];
            for (int source = 0; source < gpus; source++) {
                target[expert][source] = layout.gpu(expert, choices[expert][source]);
            }
            for (int source : sending) {
                users[expert][choices[expert][source]]++;
            }
        }
    }

    void gpuLoad(LayerStep step, double[] load) {
        Arrays.fill(load, 0);
        if (step.sourcesKnown()) {
            addBySource(step, load);
        } else {
            addEqualShares(step, load);
        }
    }

    private void addBySource(LayerStep step, double[] load) {
        if (step.bySource().length != gpus) {
            throw new IllegalArgumentException("tokens come from " + step.bySource().length
                    + " ranks, the plan is for " + gpus + " GPUs: replay with as many ranks as GPUs");
        }
        for (int source = 0; source < gpus; source++) {
            for (int expert = 0; expert < target.length; expert++) {
                load[target[expert][source]] += step.count(source, expert);
            }
        }
    }

    private void addEqualShares(LayerStep step, double[] load) {
        for (int expert = 0; expert < users.length; expert++) {
            double share = (double) step.count(expert) / senders;
            for (int r = 0; r < users[expert].length; r++) {
                load[layout.gpu(expert, r)] += users[expert][r] * share;
            }
        }
    }
}
