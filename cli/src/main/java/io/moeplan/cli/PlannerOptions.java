package io.moeplan.cli;

import io.moeplan.eplb.Planner;
import io.moeplan.eplb.Planners;
import picocli.CommandLine.Option;

/** How to plan, and how much of the recording to keep back to judge the plan on. */
final class PlannerOptions {
    @Option(names = "--algorithm", paramLabel = "NAME", defaultValue = "deepseek",
            description = "deepseek (the EPLB reference) or contiguous (the engines' default layout)."
                    + " Default: ${DEFAULT-VALUE}.")
    private String algorithm;

    @Option(names = "--holdout", paramLabel = "SHARE", defaultValue = "0.5", description = "Share of the steps, the"
            + " last ones, that the planner does not see and the plan is judged on; 0 plans and judges on all."
            + " Default: ${DEFAULT-VALUE}.")
    private double holdout;

    Planner planner() {
        return Planners.named(algorithm);
    }

    double holdout() {
        return holdout;
    }
}
