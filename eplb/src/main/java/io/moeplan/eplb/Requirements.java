package io.moeplan.eplb;

import java.util.List;

/**
 * What a deployment asks of a layout beyond its topology.
 *
 * @param empty    slots of present GPUs that hold nothing, per layer
 * @param absent   GPUs that are not there, ascending; their slots hold nothing
 * @param groups   whether the experts of a group must share a node
 * @param distinct whether a GPU may hold an expert once only; a second replica there is never of use, but some planners
 *                 (DeepSeek's) make one and most engines load it
 * @param lostGpus  how many GPUs, whichever they are, may fail without any expert losing its last replica
 * @param lostNodes the same for whole nodes
 */
public record Requirements(int empty, List<Integer> absent, GroupPlacement groups, boolean distinct, int lostGpus,
        int lostNodes) {
    public Requirements {
        if (empty < 0 || lostGpus < 0 || lostNodes < 0) {
            throw new ImpossiblePlanException("empty slots, lost GPUs and lost nodes cannot be negative, got " + empty
                    + ", " + lostGpus + " and " + lostNodes);
        }
        absent = absent.stream().sorted().distinct().toList();
    }

    /**
     * What is asked where nothing else is said: every slot of every GPU filled, and groups pinned where DeepSeek's planner
     * pins them, so where there are several nodes and the groups divide over them.
     */
    public static Requirements usual(Topology topology, int groups) {
        boolean pinned = groups > 1 && topology.nodes() > 1 && groups % topology.nodes() == 0;
        return new Requirements(0, List.of(), pinned ? GroupPlacement.PINNED : GroupPlacement.FREE, false, 0, 0);
    }

    public Requirements withEmpty(int slots) {
        return new Requirements(slots, absent, groups, distinct, lostGpus, lostNodes);
    }

    public Requirements withAbsent(List<Integer> gpus) {
        return new Requirements(empty, gpus, groups, distinct, lostGpus, lostNodes);
    }

    public Requirements withGroups(GroupPlacement placement) {
        return new Requirements(empty, absent, placement, distinct, lostGpus, lostNodes);
    }

    public Requirements withDistinct(boolean once) {
        return new Requirements(empty, absent, groups, once, lostGpus, lostNodes);
    }

    public Requirements surviving(int gpus, int nodes) {
        return new Requirements(empty, absent, groups, distinct, gpus, nodes);
    }
}
