package io.moeplan.eplb.planner;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.dispatch.LayerDispatch;
import io.moeplan.eplb.dispatch.LayerStep;
import io.moeplan.eplb.dispatch.RandomReplica;
import io.moeplan.eplb.search.CostModel;
import io.moeplan.eplb.search.Objective;
import io.moeplan.eplb.search.Split;
import java.util.Arrays;

/** What layouts of one layer are worth under a dispatch rule on the steps they are planned on. Less is better. */
final class PlanJudge {
    private final PlanProblem problem;
    private final Dispatch rule;

    /** @param rule a random one is judged by its mean */
    PlanJudge(PlanProblem problem, Dispatch rule) {
        this.problem = problem;
        this.rule = rule instanceof RandomReplica ? new EvenSplit() : rule;
    }

    /**
     * What the objective minimises, of the steps as they were recorded: max / mean of the GPU loads, of the window mean or
     * of the steps by their tokens, all or the worst; seconds for {@link Objective.Decode}.
     *
     * @param map    the expert in each slot, {@code [slots]}
     * @param counts {@code [steps][experts]}; no step without tokens
     */
    double value(int[] map, int[][] counts, Objective objective) {
        return switch (objective) {
            case Objective.Mean _ -> weighted(maxima(map, new int[][]{sum(counts)}));
            case Objective.Steps _,Objective.NoisyMean _ -> weighted(maxima(map, counts));
            case Objective.Tail tail -> worst(maxima(map, counts), 1 - tail.alpha());
            case Objective.Decode decode -> seconds(map, counts, decode.model());
        };
    }

    /** The mean over steps of max / mean, each step counting the same. */
    double maxOverMean(int[] map, int[][] counts) {
        return worst(maxima(map, counts), 1);
    }

    private Layout layout(int[] map) {
        return new Layout(problem.topology(), problem.experts(), map);
    }

    /** Max and mean of the GPU loads, {@code [steps][2]}. */
    private double[][] maxima(int[] map, int[][] counts) {
        Layout layout = layout(map);
        LayerDispatch dispatch = rule.on(layout);
        double[] load = new double[problem.topology().gpus()];
        double[][] maxima = new double[counts.length][];
        for (int s = 0; s < counts.length; s++) {
            dispatch.gpuLoad(LayerStep.of(counts[s], 0), load);
            maxima[s] = new double[]{Arrays.stream(load).max().orElseThrow(),
                Arrays.stream(load).sum() / layout.usedGpus()};
        }
        return maxima;
    }

    private static double weighted(double[][] maxima) {
        return Arrays.stream(maxima).mapToDouble(m -> m[0]).sum() / Arrays.stream(maxima).mapToDouble(m -> m[1]).sum();
    }

    private static double worst(double[][] maxima, double share) {
        double[] ratios = Arrays.stream(maxima).mapToDouble(m -> m[0] / m[1]).sorted().toArray();
        int count = Math.max(1, (int) Math.ceil(share * ratios.length));
        return Arrays.stream(ratios, ratios.length - count, ratios.length).average().orElseThrow();
    }

    private double seconds(int[] map, int[][] counts, CostModel model) {
        Layout layout = layout(map);
        Split split = rule.split(problem.topology(), layout.senders());
        double[][] shares = new double[layout.experts()][];
        for (int e = 0; e < shares.length; e++) {
            int replicas = layout.replicas(e);
            shares[e] = new double[replicas];
            Arrays.fill(shares[e], 1.0 / replicas);
            if (split instanceof Split.Fixed fixed) {
                shares[e] = fixed.shares().of(layout.gpusOf(e).toArray());
            }
        }
        double seconds = 0;
        for (int[] step : counts) {
            double[] gpu = new double[problem.topology().gpus()];
            for (int e = 0; e < shares.length; e++) {
                for (int r = 0; r < shares[e].length; r++) {
                    gpu[layout.gpu(e, r)] += model.replicaSeconds(step[e] * shares[e][r], 1);
                }
            }
            seconds += Arrays.stream(gpu).max().orElseThrow() / counts.length;
        }
        return seconds;
    }

    /** All steps together, made smaller if they do not fit. */
    private static int[] sum(int[][] counts) {
        long[] totals = new long[counts[0].length];
        for (int[] step : counts) {
            for (int e = 0; e < totals.length; e++) {
                totals[e] += step[e];
            }
        }
        long by = 1 + Arrays.stream(totals).max().orElseThrow() / Integer.MAX_VALUE;
        return Arrays.stream(totals).mapToInt(total -> (int) (total / by)).toArray();
    }
}
