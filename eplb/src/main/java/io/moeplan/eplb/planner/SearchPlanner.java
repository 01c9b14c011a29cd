package io.moeplan.eplb.planner;

import io.moeplan.eplb.ImpossiblePlanException;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.dispatch.LeastMaximum;
import io.moeplan.eplb.search.Affinity;
import io.moeplan.eplb.search.LayerProblem;
import io.moeplan.eplb.search.LayerSearch;
import io.moeplan.eplb.search.Objective;
import io.moeplan.eplb.search.Split;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * moeplan's own planner: for every layer a construction and a local search over replica counts and slots
 * ({@link LayerSearch}), started from its own greedy layouts and from the reference's, so it is never worse than the
 * reference under its own objective as long as the reference keeps replicas of an expert on different GPUs. With groups
 * that divide over several nodes they are pinned to nodes, as the reference does.
 *
 * <p>Layers are searched side by side, in rounds: each round deals the effort that is left evenly to the layers that are
 * not done, the largest gap first. A layer is done when its certified gap is small enough or when kicks no longer help.
 *
 * <p>The search assumes an even split over replicas first, which is the mean of random choices. For a dispatch rule that is
 * neither, it goes on from there with the loads that the rule makes ({@link Split}) for up to half as much effort again, and
 * of the two layouts of each layer keeps the one that is better under the rule on the steps planned on ({@link PlanJudge}).
 * That helps where the rule's shares are far from even: static over several nodes, static and modulo where few ranks do not
 * divide by replicas, and some for lp. Under static on one node with many GPUs it changes next to nothing.
 *
 * <p>The result depends on the seed and the arguments alone as long as the machine is fast enough: the time budget stands
 * for an effort at {@link #EFFORT_PER_SECOND}, and that is what ends the search. Only on a slower or busy machine, where
 * the time itself runs out first, is the search cut short by the clock.
 *
 * @param goal       what is minimised; {@link Objective.Steps} gives way to the mean where steps are few or help nothing
 * @param timeBudget for all layers together
 * @param gap        max / mean over its lower bound, minus 1, at which a layer is good enough; for {@link Objective.Mean}
 * @param seed       for kicks and draws
 * @param affinities what draws the experts of each layer together, against balance, {@code [layers]}; empty if nothing does
 * @param dispatch   the rule of the engine planned for
 * @param deadZone   max / mean at which a layer is good enough: a layer whose steps planned on are there, in the objective's
 *                   own terms, is not searched on; 0 to search on whatever that saves
 * @param sameGpu    whether a GPU may hold an expert twice. The search never does that: a replica beside another takes
 *                   nothing off the GPU. But the reference does, and where its layout is the better one for how loads happen
 *                   to round, it is taken as it is
 */
public record SearchPlanner(Objective goal, Duration timeBudget, double gap, long seed, List<Affinity> affinities,
        Dispatch dispatch, double deadZone, boolean sameGpu)
        implements
            Planner {
    public static final String NAME = "search";
    public static final Duration TIME_BUDGET = Duration.ofSeconds(10);
    public static final double GAP = 0.001;
    /** Numbers touched per second of the time budget and core: about half of what a core of a 2023 server does. */
    public static final long EFFORT_PER_SECOND = 350_000_000;
    /** Cores that the time budget stands for, whatever the machine has; one layer keeps one busy. */
    public static final int CORES = 2;

    /** The default: steps, ten seconds. */
    public SearchPlanner() {
        this(new Objective.Steps(), TIME_BUDGET, GAP, 0);
    }

    /** Nothing draws experts together. */
    public SearchPlanner(Objective goal, Duration timeBudget, double gap, long seed) {
        this(goal, timeBudget, gap, seed, List.of());
    }

    /** For the even split, searched to the end, experts once on a GPU. */
    public SearchPlanner(Objective goal, Duration timeBudget, double gap, long seed, List<Affinity> affinities) {
        this(goal, timeBudget, gap, seed, affinities, new EvenSplit(), 0, false);
    }

    /**
     * @throws IllegalArgumentException if the time budget, the gap or the dead zone is negative, or the goal cannot be planned
     *                                  for under the dispatch rule
     */
    public SearchPlanner {
        affinities = List.copyOf(affinities);
        if (timeBudget.isNegative() || !(gap >= 0) || !(deadZone >= 0)) {
            throw new IllegalArgumentException("the time budget, the gap and the dead zone must not be negative");
        }
        if (goal instanceof Objective.Decode && dispatch instanceof LeastMaximum) {
            throw new IllegalArgumentException(
                    "the objective decode cannot be planned for the dispatch rule lp, which splits"
                            + " tokens and not time: use --objective steps, tail or mean, or another rule");
        }
    }

    /** The same with layers that are good enough at this max / mean. */
    public SearchPlanner withDeadZone(double ratio) {
        return new SearchPlanner(goal, timeBudget, gap, seed, affinities, dispatch, ratio, sameGpu);
    }

    /** The same with experts that may lie twice on a GPU, or may not. */
    public SearchPlanner withSameGpu(boolean allowed) {
        return new SearchPlanner(goal, timeBudget, gap, seed, affinities, dispatch, deadZone, allowed);
    }

    @Override
    public SearchPlanner under(Dispatch rule) {
        return new SearchPlanner(goal, timeBudget, gap, seed, affinities, rule, deadZone, sameGpu);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Planner within(Duration budget) {
        return new SearchPlanner(goal, budget, gap, seed, affinities, dispatch, deadZone, sameGpu);
    }

    @Override
    public String objective() {
        return goal.name();
    }

    /** @throws ImpossiblePlanException if groups are pinned to nodes with fewer experts than a GPU has slots */
    @Override
    public int[][] plan(PlanProblem problem, LoadTrace trace) {
        problem.requireExpertsOf(trace);
        long deadline = System.nanoTime() + timeBudget.toNanos();
        return plan(problem, trace, () -> System.nanoTime() - deadline > 0);
    }

    @Override
    public int[][] plan(List<PlanProblem> problems, LoadTrace trace) {
        return outcome(problems, trace).maps();
    }

    @Override
    public Outcome outcome(List<PlanProblem> problems, LoadTrace trace) {
        long start = System.nanoTime();
        return new SearchRun(this, problems, trace, share -> System.nanoTime() - start > share * timeBudget.toNanos())
                .outcome();
    }

    /** The same with another notion of when time is up; with none, the result depends on the arguments alone. */
    int[][] plan(PlanProblem problem, LoadTrace trace, BooleanSupplier late) {
        return new SearchRun(this, Collections.nCopies(trace.layers(), problem), trace, share -> late.getAsBoolean())
                .outcome()
                .maps();
    }

    /** It keeps all of them, and puts an expert on a GPU twice only if it may. */
    @Override
    public Requirements keeps(Requirements asked) {
        return sameGpu ? asked : asked.withDistinct(true);
    }

    /** The layer to search for a problem. */
    public static LayerProblem layerProblem(PlanProblem problem) {
        Topology topology = problem.topology();
        LayerProblem layer = LayerProblem
                .of(problem.experts(), topology.nodes(), topology.gpusPerNode(), topology.slotsPerGpu())
                .withCapacity(problem.capacity())
                .withReplicas(problem.fewestReplicas(), problem.requirements().lostNodes() > 0);
        if (problem.groups() == 1 || topology.nodes() == 1 || !problem.hierarchical()) {
            return layer;
        }
        int nodeExperts = problem.experts() / topology.nodes();
        int nodeSlots = topology.gpusPerNode() * topology.slotsPerGpu();
        if (topology.slotsPerGpu() > nodeExperts || nodeSlots < nodeExperts) {
            throw new ImpossiblePlanException("with groups pinned to nodes a GPU chooses among " + nodeExperts
                    + " experts, for " + topology.slotsPerGpu() + " slots: use --groups 1, or " + "--slots-per-gpu "
                    + (nodeExperts + topology.gpusPerNode() - 1) / topology.gpusPerNode() + " to " + nodeExperts);
        }
        if (problem.groups() % topology.nodes() != 0) {
            throw new ImpossiblePlanException(problem.groups() + " groups do not divide over " + topology.nodes()
                    + " nodes: leave them free (--free-groups)");
        }
        return layer.withGroups(problem.groups());
    }
}
