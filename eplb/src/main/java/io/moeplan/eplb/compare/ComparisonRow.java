package io.moeplan.eplb.compare;

import io.moeplan.eplb.Bound;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanSummary;
import io.moeplan.eplb.judge.SimulationResult;
import io.moeplan.eplb.judge.Verdict;
import io.moeplan.eplb.traffic.TrafficFigures;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** One line of a {@link Comparison}. */
public sealed interface ComparisonRow {
    Candidate candidate();

    /**
     * A candidate without a plan.
     *
     * @param reason one line that says why, and what would be possible
     */
    record Impossible(Candidate candidate, String reason) implements ComparisonRow {}

    /**
     * A candidate's plan and what it is worth.
     *
     * @param plan         as it would be loaded
     * @param baseline     what gain, verdict and moves are against
     * @param simulation   the judged steps, under the baseline and under the plan
     * @param sameSlots    the gain against the engine's default layout in the plan's own slots, as {@code simulate} has it
     * @param origin       where the judged steps come from, a line for people; empty if they are the recording's own
     * @param traffic      means over tokens and layers; empty if the recording does not have single tokens
     * @param memoryPerGpu bytes of weights that the replicas beyond one per expert take, over all layers, mean over GPUs;
     *                     empty if nobody knows what an expert weighs
     * @param planning     time the planner took
     */
    record Judged(Candidate candidate, Plan plan, Baseline baseline, SimulationResult simulation, Verdict verdict,
            double sameSlots, String origin, Optional<TrafficFigures> traffic, Moves moves, OptionalLong memoryPerGpu,
            Duration planning) implements ComparisonRow {
        /** vLLM's, over the judged steps; 1 is even. */
        public double balancedness() {
            return simulation.after().overall().vllm();
        }

        /** Weighted by tokens, over the judged steps. */
        public double maxOverMean() {
            return simulation.after().overall().weighted();
        }

        /** 99th percentile over the judged steps of max / mean. */
        public double p99() {
            return simulation.after().overall().p99();
        }

        /** Replicas beyond one per expert, over all GPUs, per layer: where spare slots are filled, more than asked for. */
        public int redundant() {
            return Comparison.redundant(plan);
        }

        /** The plan's certificates. */
        public PlanSummary certificate() {
            return PlanSummary.of(plan);
        }

        /** In how many layers each term gives the lower bound; terms that never do are left out. */
        public Map<Bound.Term, Integer> binding() {
            Map<Bound.Term, Integer> layers = new EnumMap<>(Bound.Term.class);
            plan.layers().forEach(layer -> layer.boundTerm().ifPresent(term -> layers.merge(term, 1, Integer::sum)));
            return layers;
        }

        Judged of(Candidate other) {
            return new Judged(other, plan, baseline, simulation, verdict, sameSlots, origin, traffic, moves,
                    memoryPerGpu, planning);
        }
    }
}
