package io.moeplan.cli;

import io.moeplan.eplb.Planner;
import io.moeplan.eplb.Planners;
import io.moeplan.eplb.SearchPlanner;
import io.moeplan.eplb.search.CostModel;
import io.moeplan.eplb.search.Objective;
import java.time.Duration;
import picocli.CommandLine.Option;

/** How to plan, and how much of the recording to keep back to judge the plan on. */
final class PlannerOptions {
    /** What the search may minimise. */
    enum Goal {
        MEAN, STEPS, TAIL, DECODE
    }

    @Option(names = "--algorithm", paramLabel = "NAME", defaultValue = SearchPlanner.NAME,
            description = "search (construction and local search), deepseek (the EPLB reference), trtllm"
                    + " (TensorRT-LLM's greedy) or contiguous (the engines' default layout). Default: ${DEFAULT-VALUE}.")
    private String algorithm;

    @Option(names = "--objective", paramLabel = "NAME", defaultValue = "steps", description = "What search minimises:"
            + " mean (the fullest GPU under the window mean), steps (the fullest of each step), tail (of the worst steps)"
            + " or decode (time of activated experts and tokens). Default: ${DEFAULT-VALUE}.")
    private Goal objective;

    @Option(names = "--time-budget", paramLabel = "SECONDS", defaultValue = "10",
            description = "Time that search may take for all layers together. Default: ${DEFAULT-VALUE}.")
    private double timeBudget;

    @Option(names = "--gap", paramLabel = "SHARE", defaultValue = "0.001",
            description = "Gap to the lower bound at which"
                    + " search is content with a layer (objective mean). Default: ${DEFAULT-VALUE}.")
    private double gap;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0",
            description = "Seed of search; the same seed gives the same plan. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--holdout", paramLabel = "SHARE", defaultValue = "0.5", description = "Share of the steps, the"
            + " last ones, that the planner does not see and the plan is judged on; 0 plans and judges on all."
            + " Default: ${DEFAULT-VALUE}.")
    private double holdout;

    Planner planner() {
        Planner named = Planners.named(algorithm);
        return named instanceof SearchPlanner ? search() : named;
    }

    private SearchPlanner search() {
        return new SearchPlanner(goal(), Duration.ofMillis((long) (timeBudget * 1000)), gap, seed);
    }

    private Objective goal() {
        return switch (objective) {
            case MEAN -> new Objective.Mean();
            case STEPS -> new Objective.Steps();
            case TAIL -> new Objective.Tail(Objective.Tail.ALPHA);
            case DECODE -> new Objective.Decode(CostModel.DEFAULT);
        };
    }

    double holdout() {
        return holdout;
    }
}
