package io.moeplan.eplb;

import io.moeplan.eplb.search.Affinity;
import io.moeplan.eplb.search.LayerProblem;
import io.moeplan.eplb.search.LayerSearch;
import io.moeplan.eplb.search.Objective;
import io.moeplan.eplb.search.Split;
import io.moeplan.eplb.search.StepsCheck;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.DoublePredicate;
import java.util.stream.IntStream;

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

    private static final int ROUNDS = 4;
    /** With a dead zone, layers are looked at more often. */
    private static final int DEAD_ZONE_ROUNDS = 32;
    /** Effort for the dispatch rule, relative to that for the even split. */
    private static final double RULE_EFFORT = 0.5;
    /** Share of the time that is kept for it where the time runs out before the effort. */
    private static final double RULE_TIME = 0.4;
    private static final int PATIENCE = 50_000;
    private static final int CHECKED_LAYERS = 4;
    /** Share of the effort for the check whether steps help. */
    private static final double CHECK_SHARE = 0.08;
    /** Enough for a climb; the verdict does not need the last per mille. */
    private static final long MOST_CHECK_EFFORT = 20_000_000;

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
        if (trace.experts() != problem.experts()) {
            throw new IllegalArgumentException("the trace has " + trace.experts() + " experts per layer, the problem "
                    + problem.experts());
        }
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
        return new Run(problems, trace, share -> System.nanoTime() - start > share * timeBudget.toNanos()).outcome();
    }

    /** The same with another notion of when time is up; with none, the result depends on the arguments alone. */
    int[][] plan(PlanProblem problem, LoadTrace trace, BooleanSupplier late) {
        return new Run(Collections.nCopies(trace.layers(), problem), trace, share -> late.getAsBoolean()).outcome()
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

    /** One call of {@link #plan}. */
    private final class Run {
        private final List<PlanProblem> problems;
        private final LoadTrace trace;
        private final List<LayerProblem> layerProblems;
        /** Whether some share of the time is up. */
        private final DoublePredicate late;
        private final long wholeEffort;

        Run(List<PlanProblem> problems, LoadTrace trace, DoublePredicate late) {
            this.problems = problems;
            this.trace = trace;
            if (!affinities.isEmpty() && affinities.size() != trace.layers()) {
                throw new IllegalArgumentException("affinities for " + affinities.size() + " layers, the recording has "
                        + trace.layers());
            }
            layerProblems = layerIndices(trace.layers()).stream().map(this::drawnProblem).toList();
            this.late = late;
            wholeEffort = (long) (timeBudget.toNanos() / 1e9 * EFFORT_PER_SECOND * Math.min(CORES, trace.layers()));
        }

        private LayerProblem drawnProblem(int layer) {
            LayerProblem problem = layerProblem(problems.get(layer));
            return affinities.isEmpty() ? problem : problem.withAffinity(affinities.get(layer));
        }

        Outcome outcome() {
            try (ExecutorService pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
                boolean even = split(0, dispatch) instanceof Split.Even;
                Stage stage = new Stage(pool, new EvenSplit(), wholeEffort, even ? 1 : 1 - RULE_TIME, List.of());
                if (!even) {
                    stage = new Stage(pool, dispatch, (long) (wholeEffort * RULE_EFFORT), 1, stage.maps());
                }
                return new Outcome(stage.maps().toArray(int[][]::new), stage.objective.description());
            }
        }

        /** What the search of a layer knows of a rule. */
        private Split split(int layer, Dispatch rule) {
            PlanProblem problem = problems.get(layer);
            return rule.split(problem.topology(),
                    IntStream.range(0, problem.topology().gpus()).filter(problem::present).toArray());
        }

        /** One layer's counts without steps in which it got no token, {@code [steps][experts]}; never empty. */
        private int[][] counts(int layer) {
            int experts = trace.experts();
            int[][] counts = trace.steps().stream()
                    .map(step -> Arrays.copyOfRange(step.counts(), layer * experts, (layer + 1) * experts))
                    .filter(row -> Arrays.stream(row).anyMatch(count -> count > 0)).toArray(int[][]::new);
            return counts.length > 0 ? counts : new int[][]{evenCounts(experts)};
        }

        /** The search of all layers under one rule. */
        private final class Stage {
            private final ExecutorService pool;
            private final Dispatch rule;
            private final List<int[]> starts;
            private final double untilTime;
            private long effort;
            private final Minimised objective;
            private final List<Layer> layers;

            /**
             * @param untilTime the share of the time at which it is up
             * @param starts    layouts to start from, which the result is never worse than, {@code [layers]}; or empty
             */
            Stage(ExecutorService pool, Dispatch rule, long effort, double untilTime, List<int[]> starts) {
                this.pool = pool;
                this.untilTime = untilTime;
                this.rule = rule;
                this.effort = effort;
                this.starts = starts;
                objective = objective();
                layers = inParallel(pool, layerIndices(trace.layers()), Layer::new);
                int rounds = deadZone > 0 ? DEAD_ZONE_ROUNDS : ROUNDS;
                for (int round = 0; round < rounds; round++) {
                    search(this.effort / (rounds - round));
                }
            }

            List<int[]> maps() {
                return inParallel(pool, layers, Layer::map);
            }

            /** One round: deals out some effort. */
            private void search(long share) {
                List<Layer> open = layers.stream().filter(layer -> !layer.done())
                        .sorted(Comparator.comparingDouble(Layer::gap).reversed()).toList();
                long before = layers.stream().mapToLong(layer -> layer.search.effort()).sum();
                inParallel(pool, open, layer -> {
                    layer.search.run(share / open.size(), layer.enough(), PATIENCE, () -> late.test(untilTime));
                    return layer;
                });
                effort -= layers.stream().mapToLong(layer -> layer.search.effort()).sum() - before;
            }

            /** What is really minimised: steps give way to their mean if they are too few or help nothing. */
            private Minimised objective() {
                if (!(goal instanceof Objective.Steps)) {
                    return new Minimised(goal, goal.name());
                }
                if (trace.steps().size() < Objective.LEAST_STEPS) {
                    return new Minimised(new Objective.Mean(), "mean (too few steps for " + goal.name() + ")");
                }
                return stepsHelp()
                        ? new Minimised(goal, goal.name())
                        : new Minimised(new Objective.NoisyMean(), "mean (" + goal.name() + " did not help)");
            }

            /** Judges by a few layers whether planning on steps beats planning on their mean; undecided means yes. */
            private boolean stepsHelp() {
                int checked = Math.min(CHECKED_LAYERS, trace.layers());
                List<Integer> sample = new ArrayList<>();
                for (int i = 0; i < checked; i++) {
                    sample.add(i * trace.layers() / checked);
                }
                long share = Math.min(MOST_CHECK_EFFORT, (long) (effort * CHECK_SHARE / 2 / Math.max(1, checked)));
                double gain = inParallel(pool, sample, layer -> stepsGain(layer, share)).stream()
                        .mapToDouble(Double::doubleValue).sum();
                effort -= 2 * share * checked;
                return gain >= 0;
            }

            private double stepsGain(int layer, long share) {
                PlanProblem problem = problems.get(layer);
                PlanJudge judge = new PlanJudge(problem, rule);
                Split split = split(layer, rule);
                // The evenest split takes more effort than a check has: its plans are then for even split.
                Split planned = split instanceof Split.Evenest ? new Split.Even() : split;
                return StepsCheck.gain(layerProblems.get(layer), counts(layer), share, seed, planned,
                        (slots, steps) -> judge.maxOverMean(problem.inSlots(slots), steps));
            }

            /** A layer under search. */
            private final class Layer {
                private final PlanProblem problem;
                private final int[][] counts;
                private final LayerSearch search;
                private final PlanJudge judge;
                /** Layouts that the result is never worse than, whether or not they keep the search's rules. */
                private final List<int[]> rivals = new ArrayList<>();
                private final double bound;

                Layer(int index) {
                    problem = problems.get(index);
                    counts = counts(index);
                    judge = new PlanJudge(problem, rule);
                    LayerProblem layer = layerProblems.get(index);
                    search = new LayerSearch(layer,
                            objective.of().loads(counts, layer.gpus(), seed + index, split(index, rule)),
                            seed + index);
                    if (problem.filledSlots() == problem.topology().slots()) {
                        offerReference(index);
                    }
                    if (!starts.isEmpty()) {
                        rivals.add(starts.get(index));
                        search.offer(Arrays.stream(starts.get(index)).filter(e -> e != Layout.EMPTY).toArray());
                    }
                    bound = Bound.of(problem, trace.totals(index)).maxOverMean();
                }

                /** The reference's layout; it knows neither empty slots nor absent GPUs nor losses. */
                private void offerReference(int index) {
                    double[] weight = Arrays.stream(trace.totals(index)).asDoubleStream().toArray();
                    int[] map = new DeepSeekPlanner().plan(problem, trace.layer(index))[0];
                    search.offer(DistinctReplicas.repair(problem.topology(), map, weight));
                    if (sameGpu && !problem.requirements().distinct() && problem.fewestReplicas() == 1) {
                        rivals.add(map);
                    }
                }

                int[] map() {
                    int[] best = problem.inSlots(search.slots());
                    for (int[] rival : rivals) {
                        best = value(rival) < value(best) ? rival : best;
                    }
                    return best;
                }

                private double value(int[] map) {
                    return judge.value(map, counts, objective.of());
                }

                double gap() {
                    return search.cost() / bound - 1;
                }

                /** The cost that ends the search; only the mean's under even split compares with the certificate's bound. */
                double enough() {
                    return exact() ? Math.max(bound * (1 + gap), deadZone) : 0;
                }

                private boolean exact() {
                    return objective.of() instanceof Objective.Mean && rule instanceof EvenSplit;
                }

                boolean done() {
                    return search.cost() <= enough() || search.idleKicks() >= PATIENCE || inDeadZone();
                }

                /** Whether steps as they were and as they may come are no worse than what kernels hide. */
                private boolean inDeadZone() {
                    return deadZone > 0 && !(objective.of() instanceof Objective.Decode) && search.cost() <= deadZone
                            && value(problem.inSlots(search.slots())) <= deadZone;
                }
            }
        }
    }

    /**
     * What a search minimises.
     *
     * @param description its name, with the reason in brackets where it is not what was asked for
     */
    private record Minimised(Objective of, String description) {}

    private static List<Integer> layerIndices(int layers) {
        List<Integer> indices = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            indices.add(layer);
        }
        return indices;
    }

    private static int[] evenCounts(int experts) {
        int[] counts = new int[experts];
        Arrays.fill(counts, 1);
        return counts;
    }

    private interface Work<T, R> {
        R on(T item);
    }

    private static <T, R> List<R> inParallel(ExecutorService pool, List<T> items, Work<T, R> work) {
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
