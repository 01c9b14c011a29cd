package io.moeplan.eplb.planner;

import io.moeplan.eplb.Bound;
import io.moeplan.eplb.Layout;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.search.LayerProblem;
import io.moeplan.eplb.search.LayerSearch;
import io.moeplan.eplb.search.Objective;
import io.moeplan.eplb.search.ReplicaLoad;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;

/** A layer under search. */
final class SearchedLayer {
    private static final int PATIENCE = 50_000;

    private final SearchPlanner planner;
    private final Dispatch rule;
    private final Objective objective;
    private final PlanProblem problem;
    private final int[][] counts;
    private final LayerSearch search;
    private final PlanJudge judge;
    /** Layouts that the result is never worse than, whether or not they keep the search's rules. */
    private final List<int[]> rivals = new ArrayList<>();
    private final double bound;

    /** @param load of the objective */
    SearchedLayer(SearchRun run, int index, Dispatch rule, Objective objective, ReplicaLoad load) {
        planner = run.planner;
        this.rule = rule;
        this.objective = objective;
        problem = run.problems.get(index);
        counts = run.counts(index);
        judge = new PlanJudge(problem, rule);
        LayerProblem layer = run.layerProblems.get(index);
        search = new LayerSearch(layer, objective.loads(load, layer.gpus(), run.split(index, rule)),
                planner.seed() + index);
        if (problem.filledSlots() == problem.topology().slots()) {
            offerReference(run, index);
        }
        bound = Bound.of(problem, run.trace.totals(index)).maxOverMean();
    }

    /** The reference's layout; it knows neither empty slots nor absent GPUs nor losses. */
    private void offerReference(SearchRun run, int index) {
        double[] weight = Arrays.stream(run.trace.totals(index)).asDoubleStream().toArray();
        int[] map = new DeepSeekPlanner().plan(problem, run.trace.layer(index))[0];
        search.offer(DistinctReplicas.repair(problem.topology(), map, weight));
        if (planner.sameGpu() && !problem.requirements().distinct() && problem.fewestReplicas() == 1) {
            rivals.add(map);
        }
    }

    /** Starts from this layout too, {@code [slots]}; the result is not worse, on the steps planned on or by the search. */
    void offer(int[] map) {
        search.offer(Arrays.stream(map).filter(e -> e != Layout.EMPTY).toArray());
        // What draws experts together is known to the search alone.
        if (planner.affinities().isEmpty()) {
            rivals.add(map);
        }
    }

    void search(long effort, BooleanSupplier late) {
        search.run(effort, enough(), PATIENCE, late);
    }

    /** Numbers touched so far. */
    long effort() {
        return search.effort();
    }

    int[] map() {
        int[] best = problem.inSlots(search.slots());
        for (int[] rival : rivals) {
            best = value(rival) < value(best) ? rival : best;
        }
        return best;
    }

    private double value(int[] map) {
        return judge.value(map, counts, objective);
    }

    double gap() {
        return search.cost() / bound - 1;
    }

    /** The cost that ends the search; only the mean's under even split compares with the certificate's bound. */
    double enough() {
        return exact() ? Math.max(bound * (1 + planner.gap()), planner.deadZone()) : 0;
    }

    private boolean exact() {
        return objective instanceof Objective.Mean && rule instanceof EvenSplit;
    }

    boolean done() {
        return search.cost() <= enough() || search.idleKicks() >= PATIENCE || inDeadZone();
    }

    /** Whether steps as they were and as they may come are no worse than what kernels hide. */
    private boolean inDeadZone() {
        return planner.deadZone() > 0 && !(objective instanceof Objective.Decode) && search.cost() <= planner.deadZone()
                && value(problem.inSlots(search.slots())) <= planner.deadZone();
    }
}
