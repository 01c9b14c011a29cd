package io.moeplan.eplb.search;

import java.util.Arrays;

/** Whether planning on steps would have been better than planning on their mean, judged on steps not planned on. */
public final class StepsCheck {
    private static final double PLANNED_ON = 2.0 / 3;

    private StepsCheck() {}

    /**
     * Plans one layer both ways on the first two thirds of the steps and judges both on the rest.
     *
     * @param counts tokens of each expert in each step, {@code [steps][experts]}; no step without tokens
     * @param effort numbers to touch for each of the two plans
     * @return how much lower the mean over the judged steps of max / mean is with steps; positive if steps are better
     */
    public static double gain(LayerProblem problem, int[][] counts, long effort, long seed) {
        int cut = (int) (counts.length * PLANNED_ON);
        if (cut < Objective.LEAST_STEPS || cut == counts.length) {
            return 0;
        }
        int[][] before = Arrays.copyOf(counts, cut);
        int[][] after = Arrays.copyOfRange(counts, cut, counts.length);
        return judge(problem, plan(problem, new Objective.NoisyMean(), before, effort, seed), after)
                - judge(problem, plan(problem, new Objective.Steps(), before, effort, seed), after);
    }

    private static int[] plan(LayerProblem problem, Objective objective, int[][] counts, long effort, long seed) {
        LayerSearch search = new LayerSearch(problem, objective.loads(counts, problem.gpus(), seed), seed);
        search.run(effort, 1, 1, () -> false);
        return search.slots();
    }

    private static double judge(LayerProblem problem, int[] slots, int[][] counts) {
        Placement placement = new Placement(problem.experts(), problem.capacity());
        for (int slot = 0; slot < slots.length; slot++) {
            placement.put(slot, slots[slot]);
        }
        double sum = 0;
        for (int[] step : counts) {
            double[] load = new double[problem.gpus()];
            for (int slot = 0; slot < slots.length; slot++) {
                if (slots[slot] >= 0) {
                    load[placement.gpuOf[slot]] += (double) step[slots[slot]] / placement.replicas[slots[slot]];
                }
            }
            sum += Arrays.stream(load).max().orElseThrow() / Arrays.stream(load).average().orElseThrow();
        }
        return sum / counts.length;
    }
}
