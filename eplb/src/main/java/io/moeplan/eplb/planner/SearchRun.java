package io.moeplan.eplb.planner;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.search.Affinity;
import io.moeplan.eplb.search.LayerProblem;
import io.moeplan.eplb.search.Split;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.DoublePredicate;
import java.util.stream.IntStream;

/** One call of {@link SearchPlanner#plan}. */
final class SearchRun {
    /** Effort for the dispatch rule, relative to that for the even split. */
    private static final double RULE_EFFORT = 0.5;
    /** Share of the time that is kept for it where the time runs out before the effort. */
    private static final double RULE_TIME = 0.4;

    final SearchPlanner planner;
    final List<PlanProblem> problems;
    final LoadTrace trace;
    final List<LayerProblem> layerProblems;
    /** Whether some share of the time is up. */
    final DoublePredicate late;
    private final long wholeEffort;

    SearchRun(SearchPlanner planner, List<PlanProblem> problems, LoadTrace trace, DoublePredicate late) {
        this.planner = planner;
        List<Affinity> affinities = planner.affinities();
        this.problems = problems;
        this.trace = trace;
        if (!affinities.isEmpty() && affinities.size() != trace.layers()) {
            throw new IllegalArgumentException("affinities for " + affinities.size() + " layers, the recording has "
                    + trace.layers());
        }
        layerProblems = layerIndices(trace.layers()).stream().map(this::drawnProblem).toList();
        this.late = late;
        wholeEffort = (long) (planner.timeBudget().toNanos() / 1e9 * SearchPlanner.EFFORT_PER_SECOND
                * Math.min(SearchPlanner.CORES, trace.layers()));
    }

    private LayerProblem drawnProblem(int layer) {
        LayerProblem problem = SearchPlanner.layerProblem(problems.get(layer));
        return planner.affinities().isEmpty() ? problem : problem.withAffinity(planner.affinities().get(layer));
    }

    Planner.Outcome outcome() {
        try (ExecutorService pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
            boolean even = split(0, planner.dispatch()) instanceof Split.Even;
            SearchStage stage = new SearchStage(this, pool, wholeEffort, even ? 1 : 1 - RULE_TIME);
            if (!even) {
                stage = new SearchStage(stage, planner.dispatch(), (long) (wholeEffort * RULE_EFFORT), 1);
            }
            return new Planner.Outcome(stage.maps().toArray(int[][]::new), stage.objective.description());
        }
    }

    /** What the search of a layer knows of a rule. */
    Split split(int layer, Dispatch rule) {
        PlanProblem problem = problems.get(layer);
        return rule.split(problem.topology(),
                IntStream.range(0, problem.topology().gpus()).filter(problem::present).toArray());
    }

    /** One layer's counts without steps in which it got no token, {@code [steps][experts]}; never empty. */
    int[][] counts(int layer) {
        int experts = trace.experts();
        int[][] counts = trace.steps().stream()
                .map(step -> Arrays.copyOfRange(step.counts(), layer * experts, (layer + 1) * experts))
                .filter(row -> Arrays.stream(row).anyMatch(count -> count > 0)).toArray(int[][]::new);
        return counts.length > 0 ? counts : new int[][]{evenCounts(experts)};
    }

    private static int[] evenCounts(int experts) {
        int[] counts = new int[experts];
        Arrays.fill(counts, 1);
        return counts;
    }

    static List<Integer> layerIndices(int layers) {
        List<Integer> indices = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            indices.add(layer);
        }
        return indices;
    }

    interface Work<T, R> {
        R on(T item);
    }

    static <T, R> List<R> inParallel(ExecutorService pool, List<T> items, Work<T, R> work) {
        List<Future<R>> running = items.stream().map(item -> pool.submit(() -> work.on(item))).toList();
        List<R> results = new ArrayList<>();
        for (Future<R> future : running) {
            try {
                results.add(future.get());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while planning", e);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof RuntimeException cause) {
                    throw cause;
                }
                throw new IllegalStateException(e.getCause());
            }
        }
        return results;
    }
}
