package io.moeplan.statistics;

import java.util.List;

/** Whether the loads move over a recording's steps, and for how long a movement lasts. */
public sealed interface Drift {
    /** Fewest usable steps that say anything about drift. */
    int NEEDED_STEPS = 3;

    /**
     * Nothing can be said.
     *
     * @param steps usable steps: those with tokens, without a short last one
     */
    record TooFewSteps(int steps) implements Drift {}

    /**
     * Drift over the usable steps.
     *
     * <p>{@code s_t[e]} is expert e's share of the tokens routed in step t and layer l, {@code m[e]} its share over all
     * usable steps together, {@code d_t = s_t - m} the deviation from that time mean. For a pair of steps {@code lag}
     * apart,
     * <ul>
     * <li>the <em>cosine</em> is that of {@code s_t} and {@code s_(t+lag)}: how alike two steps look, high for any skewed
     * load;
     * <li>the <em>correlation</em> is Pearson's, over experts, of {@code d_t} and {@code d_(t+lag)}. Deviations sum to
     * zero, so it equals their cosine. 1: what a step has above the mean, the later one has too; near {@link #chance}:
     * steps are independent noise, and planning on single steps cannot pay.
     * </ul>
     * A layer's figure is the mean over pairs, weighted by the routed tokens of the smaller step, without pairs in which a
     * step has no load or (correlation) no deviation; 0 if no pair is left. Of recordings longer than 2,048 steps every
     * n-th pair is measured, evenly spread.
     *
     * @param steps           usable steps
     * @param skippedLastStep whether the last step was left out for having less than half the median step's tokens
     * @param lags            1, 2, 4, ... below half of {@code steps}
     * @param chance          expected correlation of independent steps: {@code -1 / (steps - 1)}, since the time mean
     *                        holds the steps themselves
     * @param layers          every MoE layer by itself, {@code [layers]}
     * @param meanCosine      mean over layers with load, {@code [lags]}
     * @param meanCorrelation mean over layers with load, {@code [lags]}
     * @param meanStepMaxOverMean mean over layers with load
     */
    record Measured(int steps, boolean skippedLastStep, int[] lags, double chance, List<LayerDrift> layers,
            double[] meanCosine, double[] meanCorrelation, double meanStepMaxOverMean) implements Drift {}

    /**
     * One MoE layer's drift; see {@link Measured}.
     *
     * @param layer           the model's own number of the layer
     * @param cosine          {@code [lags]}
     * @param correlation     {@code [lags]}
     * @param stepMaxOverMean max / mean of the expert loads within a step, averaged over steps weighted by routed tokens;
     *                        never below that of the whole recording, and the excess is what a plan made on the mean
     *                        cannot see. 1 if the layer has no load
     */
    record LayerDrift(int layer, double[] cosine, double[] correlation, double stepMaxOverMean) {}
}
