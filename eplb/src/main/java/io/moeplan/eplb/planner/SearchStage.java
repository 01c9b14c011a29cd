package io.moeplan.eplb.planner;

import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.search.Objective;
import io.moeplan.eplb.search.ReplicaLoad;
import io.moeplan.eplb.search.StepsCheck;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutorService;

/** The search of all layers of a {@link SearchRun} under one dispatch rule. */
final class SearchStage {
    private static final int ROUNDS = 4;
    /** With a dead zone, layers are looked at more often. */
    private static final int DEAD_ZONE_ROUNDS = 32;
    private static final int CHECKED_LAYERS = 4;
    /** Share of the effort for the check whether steps help. */
    private static final double CHECK_SHARE = 0.08;
    /** Enough for a climb; the verdict does not need the last per mille. */
    private static final long MOST_CHECK_EFFORT = 20_000_000;

    private final SearchRun run;
    private final ExecutorService pool;
    private final Dispatch rule;
    /** Layouts to start from, {@code [layers]}, or none. */
    private final List<int[]> starts;
    private final double untilTime;
    private long effort;
    final Minimised objective;
    /** What replicas add to GPUs, {@code [layers]}. */
    private final List<ReplicaLoad> loads;
    private final List<SearchedLayer> layers;

    /**
     * A first stage, for the even split.
     *
     * @param untilTime the share of the time at which it is up
     */
    SearchStage(SearchRun run, ExecutorService pool, long effort, double untilTime) {
        this.run = run;
        this.pool = pool;
        this.untilTime = untilTime;
        this.effort = effort;
        rule = new EvenSplit();
        starts = List.of();
        objective = objective();
        loads = SearchRun.inParallel(pool, SearchRun.layerIndices(run.trace.layers()), this::load);
        layers = searched();
    }

    /** One that goes on, for the same objective, from the layouts of another, which the result is never worse than. */
    SearchStage(SearchStage before, Dispatch rule, long effort, double untilTime) {
        run = before.run;
        pool = before.pool;
        this.untilTime = untilTime;
        this.rule = rule;
        this.effort = effort;
        starts = before.maps();
        objective = before.objective;
        loads = before.loads;
        layers = searched();
    }

    private List<SearchedLayer> searched() {
        List<SearchedLayer> all = SearchRun.inParallel(pool, SearchRun.layerIndices(run.trace.layers()), this::layer);
        int rounds = run.planner.deadZone() > 0 ? DEAD_ZONE_ROUNDS : ROUNDS;
        for (int round = 0; round < rounds; round++) {
            search(all, effort / (rounds - round));
        }
        return all;
    }

    List<int[]> maps() {
        return SearchRun.inParallel(pool, layers, SearchedLayer::map);
    }

    /** One round: deals out some effort. */
    private void search(List<SearchedLayer> all, long share) {
        List<SearchedLayer> open = all.stream().filter(layer -> !layer.done())
                .sorted(Comparator.comparingDouble(SearchedLayer::gap).reversed()).toList();
        long before = all.stream().mapToLong(layer -> layer.effort()).sum();
        SearchRun.inParallel(pool, open, layer -> {
            layer.search(share / open.size(), () -> run.late.test(untilTime));
            return layer;
        });
        effort -= all.stream().mapToLong(layer -> layer.effort()).sum() - before;
    }

    /** What is really minimised: steps give way to their mean if they are too few or help nothing. */
    private Minimised objective() {
        if (!(run.planner.goal() instanceof Objective.Steps)) {
            return new Minimised(run.planner.goal(), run.planner.goal().name());
        }
        if (run.trace.steps().size() < Objective.LEAST_STEPS) {
            return new Minimised(new Objective.Mean(), "mean (too few steps for " + run.planner.goal().name() + ")");
        }
        return stepsHelp()
                ? new Minimised(run.planner.goal(), run.planner.goal().name())
                : new Minimised(new Objective.NoisyMean(), "mean (" + run.planner.goal().name() + " did not help)");
    }

    /** Judges by a few layers whether planning on steps beats planning on their mean; it does unless they clearly say no. */
    private boolean stepsHelp() {
        int checked = Math.min(CHECKED_LAYERS, run.trace.layers());
        List<Integer> sample = new ArrayList<>();
        for (int i = 0; i < checked; i++) {
            sample.add(i * run.trace.layers() / checked);
        }
        long share = Math.min(MOST_CHECK_EFFORT, (long) (effort * CHECK_SHARE / 2 / Math.max(1, checked)));
        double[] gains = SearchRun.inParallel(pool, sample, layer -> stepsGain(layer, share)).stream()
                .mapToDouble(Double::doubleValue).toArray();
        effort -= 2 * share * checked;
        return !StepsCheck.harmful(gains);
    }

    private double stepsGain(int layer, long share) {
        PlanProblem problem = run.problems.get(layer);
        PlanJudge judge = new PlanJudge(problem, rule);
        return StepsCheck.gain(run.layerProblems.get(layer), run.counts(layer), share, run.planner.seed(),
                (slots, steps) -> judge.maxOverMean(problem.inSlots(slots), steps));
    }

    private ReplicaLoad load(int index) {
        return objective.of().load(run.counts(index), run.layerProblems.get(index).gpus(), run.planner.seed() + index);
    }

    private SearchedLayer layer(int index) {
        SearchedLayer layer = new SearchedLayer(run, index, rule, objective.of(), loads.get(index));
        if (!starts.isEmpty()) {
            layer.offer(starts.get(index));
        }
        return layer;
    }

    /**
     * What a search minimises.
     *
     * @param description its name, with the reason in brackets where it is not what was asked for
     */
    record Minimised(Objective of, String description) {}
}
