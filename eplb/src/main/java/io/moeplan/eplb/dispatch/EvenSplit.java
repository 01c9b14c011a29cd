package io.moeplan.eplb.dispatch;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.search.Split;
import java.util.Arrays;

/**
 * Every replica of an expert takes the same share of its tokens, {@code count / replicas}: what planners assume, and the
 * mean of a random choice per token.
 */
public record EvenSplit() implements Dispatch {
    @Override
    public String name() {
        return Plan.EVEN_SPLIT;
    }

    @Override
    public Split split(Topology topology, int[] senders) {
        return new Split.Even();
    }

    @Override
    public LayerDispatch on(Layout layout) {
        return (step, load) -> {
            Arrays.fill(load, 0);
            for (int expert = 0; expert < layout.experts(); expert++) {
                int count = step.count(expert);
                if (count != 0) {
                    add(layout, expert, count, load);
                }
            }
        };
    }

    /**
     * The tokens of each GPU for totals over many steps.
     *
     * @param totals tokens routed to each expert, {@code [experts]}
     * @return the tokens of each GPU, {@code [gpus]}
     */
    public static double[] gpuLoad(Layout layout, long[] totals) {
        double[] load = new double[layout.topology().gpus()];
        for (int expert = 0; expert < layout.experts(); expert++) {
            add(layout, expert, (double) totals[expert], load);
        }
        return load;
    }

    private static void add(Layout layout, int expert, double tokens, double[] load) {
        int replicas = layout.replicas(expert);
        double share = tokens / replicas;
        for (int r = 0; r < replicas; r++) {
            load[layout.gpu(expert, r)] += share;
        }
    }
}
