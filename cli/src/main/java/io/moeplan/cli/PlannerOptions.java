package io.moeplan.cli;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.judge.HoldoutSplit;
import io.moeplan.eplb.planner.Planner;
import io.moeplan.eplb.planner.SearchPlanner;
import io.moeplan.eplb.search.Affinity;
import io.moeplan.eplb.search.CostModel;
import io.moeplan.eplb.search.Objective;
import io.moeplan.eplb.traffic.CoActivation;
import io.moeplan.recording.Recording;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import picocli.CommandLine.Option;

/** How to plan, and how much of the recording to keep back to judge the plan on. */
final class PlannerOptions {
    /** What the search may minimise. */
    enum Goal {
        MEAN, STEPS, TAIL, DECODE
    }

    @Option(names = "--algorithm", paramLabel = "NAME", converter = PlannerName.class,
            defaultValue = SearchPlanner.NAME,
            description = "search (construction and local search), deepseek (the EPLB reference), trtllm"
                    + " (TensorRT-LLM's greedy) or contiguous (the engines' default layout). Default: ${DEFAULT-VALUE}.")
    private Planner algorithm;

    @Option(names = "--objective", paramLabel = "NAME", defaultValue = "steps", description = "What search minimises:"
            + " mean (the fullest GPU under the window mean), steps (the fullest of each step), tail (of the worst steps)"
            + " or decode (time of activated experts and tokens). Default: ${DEFAULT-VALUE}.")
    private Goal objective;

    @Option(names = "--time-budget", paramLabel = "SECONDS", converter = NotNegative.class, defaultValue = "10",
            description = "Time that search may take for all layers together. Default: ${DEFAULT-VALUE}.")
    private double timeBudget;

    @Option(names = "--gap", paramLabel = "SHARE", converter = NotNegative.class, defaultValue = "0.001",
            description = "Gap to the lower bound at which"
                    + " search is content with a layer (objective mean). Default: ${DEFAULT-VALUE}.")
    private double gap;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0",
            description = "Seed of search (in profile, of --temperature too); the same seed gives the same plan. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--holdout", paramLabel = "SHARE", defaultValue = "0.5", description = "Share of the steps, the"
            + " last ones, that the planner does not see and the plan is judged on; 0 plans and judges on all."
            + " Default: ${DEFAULT-VALUE}.")
    private double holdout;

    @Option(names = "--traffic-weight", paramLabel = "W", converter = NotNegative.class, defaultValue = "0",
            description = "What search pays, in mean GPU"
                    + " loads, to send a token to one GPU fewer: draws experts together that are used together (per-token"
                    + " recordings). Default: ${DEFAULT-VALUE}.")
    private double gpuWeight;

    @Option(names = "--node-traffic-weight", paramLabel = "W", converter = NotNegative.class, defaultValue = "0",
            description = "The same for nodes. Default: ${DEFAULT-VALUE}.")
    private double nodeWeight;

    @Option(names = "--token-seconds", paramLabel = "S", converter = NotNegative.class,
            description = "Time of one token in one expert (objective"
                    + " decode). Default: a DeepSeek-V3 expert on an H100.")
    private Double tokenSeconds;

    @Option(names = "--weight-seconds", paramLabel = "S", converter = NotNegative.class,
            description = "Time to read one expert's weights (objective"
                    + " decode). Default: a DeepSeek-V3 expert on an H100.")
    private Double weightSeconds;

    @Option(names = "--same-gpu-replicas", description = "A GPU may hold two replicas of an expert, as the deepseek"
            + " reference has it. SGLang and vLLM load that; it wastes the slot but for how loads happen to"
            + " round, so search takes the reference's layout where that is better, and makes none of the kind itself."
            + " Default: never.")
    private boolean sameGpu;

    /**
     * Refuses what could only be refused once the recording is there.
     *
     * @throws IllegalArgumentException if there is nothing left to plan on
     */
    void check() {
        HoldoutSplit.requireShare(holdout);
    }

    /** Whether the experts of every token are asked for. */
    boolean needsTokens() {
        return gpuWeight != 0 || nodeWeight != 0;
    }

    /**
     * The planner asked for.
     *
     * @param planned  the steps it will see
     * @param rule     the dispatch rule to plan for
     * @param deadZone the max / mean at which a layer is good enough, if any
     * @throws IOException if the tokens of the recording are asked for and cannot be read
     */
    Planner planner(Recording recording, LoadTrace planned, Dispatch rule, OptionalDouble deadZone)
            throws IOException {
        if (!(algorithm instanceof SearchPlanner)) {
            return algorithm;
        }
        return new SearchPlanner(goal(), Duration.ofMillis((long) (timeBudget * 1000)), gap, seed,
                affinities(recording, planned), rule, deadZone.orElse(0), sameGpu);
    }

    private List<Affinity> affinities(Recording recording, LoadTrace planned) throws IOException {
        if (!needsTokens()) {
            return List.of();
        }
        return CoActivation.pull(recording.tokenTrace().within(planned.tokens()), gpuWeight, nodeWeight);
    }

    private CostModel costs() {
        CostModel usual = CostModel.DEFAULT;
        return new CostModel(usual.flatSeconds(), usual.slopeSeconds(), usual.deadZone(),
                tokenSeconds == null ? usual.tokenSeconds() : tokenSeconds,
                weightSeconds == null ? usual.weightSeconds() : weightSeconds);
    }

    private Objective goal() {
        return switch (objective) {
            case MEAN -> new Objective.Mean();
            case STEPS -> new Objective.Steps();
            case TAIL -> new Objective.Tail(Objective.Tail.ALPHA);
            case DECODE -> new Objective.Decode(costs());
        };
    }

    long seed() {
        return seed;
    }

    double holdout() {
        return holdout;
    }
}
