package io.moeplan.eplb.compare;

import java.util.Optional;

/**
 * The least redundancy that reaches a balancedness on the judged steps.
 *
 * @param balancedness what was asked for, vLLM's definition
 * @param reached      the plan with the least redundancy that does; empty if none was found
 * @param below        the best of the plans with less that do not; empty if there are none
 * @param tried        plans made
 */
public record Target(String planner, int gpus, double balancedness, Optional<ComparisonRow.Judged> reached,
        Optional<ComparisonRow.Judged> below, int tried) {}
