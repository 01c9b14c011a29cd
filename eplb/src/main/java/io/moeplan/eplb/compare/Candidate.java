package io.moeplan.eplb.compare;

/**
 * What is compared: a planner on a deployment.
 *
 * @param planner its name
 * @param gpus    GPUs over all nodes
 * @param slots   how many slots they have
 */
public record Candidate(String planner, int gpus, Slots slots) {
    @Override
    public String toString() {
        return planner + ", " + gpus + " GPUs, " + slots;
    }
}
