package io.moeplan.eplb.planner;

import io.moeplan.eplb.GroupPlacement;
import io.moeplan.eplb.ImpossiblePlanException;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.Topology;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/** Seeded problems with all that a deployment may ask for. */
public final class RandomProblems {
    private RandomProblems() {}

    /** Up to 3 nodes of up to 4 GPUs, up to 6 slots each; absent GPUs, empty slots, pinned groups and losses as they come. */
    public static PlanProblem any(Random random) {
        while (true) {
            int groups = 1 + random.nextInt(4);
            int experts = groups * (1 + random.nextInt(5));
            Topology topology = new Topology(1 + random.nextInt(3), 1 + random.nextInt(4), 1 + random.nextInt(6));
            List<Integer> absent = IntStream.range(0, topology.gpus()).filter(gpu -> random.nextInt(8) == 0).boxed()
                    .toList();
            Requirements requirements = new Requirements(random.nextBoolean() ? 0 : random.nextInt(5),
                    random.nextBoolean() ? List.of() : absent,
                    random.nextInt(3) == 0 ? GroupPlacement.PINNED : GroupPlacement.FREE, random.nextBoolean(),
                    random.nextInt(3) == 0 ? 1 + random.nextInt(2) : 0, random.nextInt(5) == 0 ? 1 : 0);
            Optional<PlanProblem> problem = possible(topology, experts, groups, requirements);
            if (problem.isPresent()) {
                return problem.get();
            }
        }
    }

    /** Empty if no layout could do what is required. */
    public static Optional<PlanProblem> possible(Topology topology, int experts, int groups,
            Requirements requirements) {
        try {
            return Optional.of(new PlanProblem(topology, experts, groups, requirements));
        } catch (ImpossiblePlanException e) {
            return Optional.empty();
        }
    }
}
