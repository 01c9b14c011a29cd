package io.moeplan.eplb.compare;

/**
 * What is compared: a planner on a deployment.
 *
 * @param planner   its name
 * @param gpus      GPUs over all nodes
 * @param redundant slots beyond one per expert, over all GPUs, per layer
 */
public record Candidate(String planner, int gpus, int redundant) {
    @Override
    public String toString() {
        return planner + ", " + gpus + " GPUs, " + redundant + " redundant";
    }
}
