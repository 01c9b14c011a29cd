package io.moeplan.eplb.migration;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.Topology;
import java.util.ArrayList;
import java.util.List;

/**
 * What it takes to get from the layouts that are loaded to those of a new plan. An expert move is a slot whose GPU did not
 * hold that expert before, so that its weights have to come from elsewhere; changing places on a GPU is none.
 *
 * @param layers expert moves of each layer
 * @param moves  in all
 * @param bytes  moves x bytes of an expert's weights
 */
public record Migration(List<LayerMoves> layers, long moves, long bytes) {
    /**
     * One layer's moves.
     *
     * @param layer the model's own number of the layer
     */
    public record LayerMoves(int layer, int moves) {}

    /**
     * Counts the moves from one plan to another.
     *
     * @param bytesPerExpert bytes of one expert's weights in one layer
     * @throws IllegalArgumentException if the plans are for other GPUs, layers or experts
     */
    public static Migration between(Plan current, Plan next, long bytesPerExpert) {
        requireSameDeployment(current, next);
        List<LayerMoves> layers = new ArrayList<>();
        long moves = 0;
        for (int i = 0; i < next.layers().size(); i++) {
            LayerPlan old = current.layers().get(i);
            LayerPlan layer = next.layers().get(i);
            int own = moves(next.model().experts(), current.topology(old), old.physicalToLogical(),
                    next.topology(layer),
                    layer.physicalToLogical());
            layers.add(new LayerMoves(layer.layer(), own));
            moves += own;
        }
        return new Migration(List.copyOf(layers), moves, Math.multiplyExact(moves, bytesPerExpert));
    }

    /** The moves of one layer; both maps {@code [slots]}, -1 in empty slots. */
    static int moves(int experts, Topology topology, int[] current, Topology nextTopology, int[] next) {
        int[][] now = Relabelling.counts(topology, experts, current);
        int[][] then = Relabelling.counts(nextTopology, experts, next);
        int moves = 0;
        for (int gpu = 0; gpu < now.length; gpu++) {
            for (int e = 0; e < experts; e++) {
                moves += Math.max(0, then[gpu][e] - now[gpu][e]);
            }
        }
        return moves;
    }

    static void requireSameDeployment(Plan current, Plan next) {
        Topology now = current.topology();
        Topology then = next.topology();
        if (now.nodes() != then.nodes() || now.gpusPerNode() != then.gpusPerNode()) {
            throw new IllegalArgumentException(
                    "the current plan is for " + now.nodes() + " nodes x " + now.gpusPerNode()
                            + " GPUs, the new one for " + then.nodes() + " x " + then.gpusPerNode()
                            + ": experts can only stay where the GPUs are the same");
        }
        if (current.model().experts() != next.model().experts()) {
            throw new IllegalArgumentException("the current plan is for " + current.model().experts()
                    + " experts per layer, the new one for " + next.model().experts());
        }
        List<Integer> layers = current.layers().stream().map(LayerPlan::layer).toList();
        if (!layers.equals(next.layers().stream().map(LayerPlan::layer).toList())) {
            throw new IllegalArgumentException("the current plan has other MoE layers than the new one");
        }
    }
}
