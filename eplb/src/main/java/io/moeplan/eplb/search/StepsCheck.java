package io.moeplan.eplb.search;

import java.util.Arrays;

/** Whether planning on steps would have been better than planning on their mean, judged on steps not planned on. */
public final class StepsCheck {
    private static final double PLANNED_ON = 2.0 / 3;
    /** In standard errors of the mean gain over layers. */
    private static final double DOUBT = 3;

    private StepsCheck() {}

    /** What a layout is worth on steps. */
    @FunctionalInterface
    public interface Judge {
        /**
         * The mean over steps of max / mean of the GPU loads.
         *
         * @param slots  the expert in each slot or -1, {@code [slots]}
         * @param counts {@code [steps][experts]}
         */
        double maxOverMean(int[] slots, int[][] counts);
    }

    /**
     * Plans one layer both ways on the first two thirds of the steps and judges both on the rest.
     *
     * @param counts tokens of each expert in each step, {@code [steps][experts]}; no step without tokens
     * @param effort numbers to touch for each of the two plans
     * @param judge  judges a plan; both are made for the even split
     * @return how much lower the mean over the judged steps of max / mean is with steps; positive if steps are better
     */
    public static double gain(LayerProblem problem, int[][] counts, long effort, long seed, Judge judge) {
        int cut = (int) (counts.length * PLANNED_ON);
        if (cut < Objective.LEAST_STEPS || cut == counts.length) {
            return 0;
        }
        int[][] before = Arrays.copyOf(counts, cut);
        int[][] after = Arrays.copyOfRange(counts, cut, counts.length);
        return judge.maxOverMean(plan(problem, new Objective.NoisyMean(), before, effort, seed), after)
                - judge.maxOverMean(plan(problem, new Objective.Steps(), before, effort, seed), after);
    }

    /**
     * Whether the gains of layers ({@link #gain}) are below zero beyond doubt. A plan on the mean loses far more where steps
     * help than one on steps where they do not, so a few unlucky steps must not decide: as they go on from each other, a
     * layer's gain counts as one observation, and one layer alone tells nothing.
     *
     * @param gains {@code [layers]}
     */
    public static boolean harmful(double[] gains) {
        if (gains.length < 2) {
            return false;
        }
        double mean = Arrays.stream(gains).average().orElseThrow();
        double squares = Arrays.stream(gains).map(gain -> (gain - mean) * (gain - mean)).sum();
        return mean < -DOUBT * Math.sqrt(squares / (gains.length - 1) / gains.length);
    }

    private static int[] plan(LayerProblem problem, Objective objective, int[][] counts, long effort, long seed) {
        ReplicaLoad load = objective.load(counts, problem.gpus(), seed);
        LayerSearch search = new LayerSearch(problem, objective.loads(load, problem.gpus(), new Split.Even()), seed);
        search.run(effort, 1, 1, () -> false);
        return search.slots();
    }
}
