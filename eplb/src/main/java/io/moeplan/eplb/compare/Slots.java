package io.moeplan.eplb.compare;

import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.SpareSlots;
import java.util.List;
import java.util.Optional;

/** How many slots a candidate has, as it was asked for. */
public sealed interface Slots {
    /**
     * The problem of a deployment with these slots.
     *
     * @param gpus GPUs over all nodes
     * @throws io.moeplan.eplb.ImpossiblePlanException if it cannot be solved
     */
    PlanProblem problem(int experts, int groups, int nodes, int gpus);

    /**
     * A number of replicas beyond one per expert.
     *
     * @param replicas over all GPUs, per layer
     * @param spare    what the slots hold that rounding up to whole slots per GPU adds; empty if there must be none
     */
    record Redundant(int replicas, Optional<SpareSlots> spare) implements Slots {
        @Override
        public PlanProblem problem(int experts, int groups, int nodes, int gpus) {
            return spare
                    .map(with -> PlanProblem.withRedundant(experts, groups, nodes, gpus, replicas, with,
                            List.of()))
                    .orElseGet(() -> PlanProblem.withRedundant(experts, groups, nodes, gpus, replicas));
        }

        @Override
        public String toString() {
            return replicas + " redundant";
        }
    }

    /**
     * The same number on each GPU.
     *
     * @param slots experts that a GPU holds, per layer
     */
    record PerGpu(int slots) implements Slots {
        @Override
        public PlanProblem problem(int experts, int groups, int nodes, int gpus) {
            return PlanProblem.withSlotsPerGpu(experts, groups, nodes, gpus, slots);
        }

        @Override
        public String toString() {
            return slots + (slots == 1 ? " slot" : " slots") + " per GPU";
        }
    }
}
