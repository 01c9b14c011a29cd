package io.moeplan.eplb;

import io.moeplan.eplb.search.Affinity;
import io.moeplan.eplb.search.LayerProblem;
import io.moeplan.eplb.search.LayerSearch;
import io.moeplan.eplb.search.Objective;
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

/**
 * moeplan's own planner: for every layer a construction and a local search over replica counts and slots
 * ({@link LayerSearch}), started from its own greedy layouts and from the reference's, so it is never worse than the
 * reference under its own objective as long as the reference keeps replicas of an expert on different GPUs. With groups
 * that divide over several nodes they are pinned to nodes, as the reference does.
 *
 * <p>Layers are searched side by side, in rounds: each round deals the effort that is left evenly to the layers that are
 * not done, the largest gap first. A layer is done when its certified gap is small enough or when kicks no longer help.
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
 */
public record SearchPlanner(Objective goal, Duration timeBudget, double gap, long seed, List<Affinity> affinities)
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

    /** @throws IllegalArgumentException if the time budget or the gap is negative */
    public SearchPlanner {
        affinities = List.copyOf(affinities);
        if (timeBudget.isNegative() || !(gap >= 0)) {
            throw new IllegalArgumentException("the time budget and the gap must not be negative");
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Planner within(Duration budget) {
        return new SearchPlanner(goal, budget, gap, seed, affinities);
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
        long deadline = System.nanoTime() + timeBudget.toNanos();
        return plan(problems, trace, () -> System.nanoTime() - deadline > 0);
    }

    /** The same with another notion of when time is up; with none, the result depends on the arguments alone. */
    int[][] plan(PlanProblem problem, LoadTrace trace, BooleanSupplier late) {
        return plan(Collections.nCopies(trace.layers(), problem), trace, late);
    }

    private int[][] plan(List<PlanProblem> problems, LoadTrace trace, BooleanSupplier late) {
        return new Run(problems, trace, late).plan();
    }

    /** It keeps all of them, and never puts an expert on a GPU twice. */
    @Override
    public Requirements keeps(Requirements asked) {
        return asked.withDistinct(true);
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
        private final BooleanSupplier late;
        private long effort;
        private Objective objective;

        Run(List<PlanProblem> problems, LoadTrace trace, BooleanSupplier late) {
            this.problems = problems;
            this.trace = trace;
            if (!affinities.isEmpty() && affinities.size() != trace.layers()) {
                throw new IllegalArgumentException("affinities for " + affinities.size() + " layers, the recording has "
                        + trace.layers());
            }
            layerProblems = layerIndices(trace.layers()).stream().map(this::drawnProblem).toList();
            this.late = late;
            effort = (long) (timeBudget.toNanos() / 1e9 * EFFORT_PER_SECOND * Math.min(CORES, trace.layers()));
        }

        private LayerProblem drawnProblem(int layer) {
            LayerProblem problem = layerProblem(problems.get(layer));
            return affinities.isEmpty() ? problem : problem.withAffinity(affinities.get(layer));
        }

        int[][] plan() {
            try (ExecutorService pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
                objective = objective(pool);
                List<Layer> layers = inParallel(pool, layerIndices(trace.layers()), Layer::new);
                for (int round = 0; round < ROUNDS; round++) {
                    search(pool, layers, effort / (ROUNDS - round));
                }
                return layers.stream().map(Layer::map).toArray(int[][]::new);
            }
        }

        /** One round: deals out some effort. */
        private void search(ExecutorService pool, List<Layer> layers, long share) {
            List<Layer> open = layers.stream().filter(layer -> !layer.done())
                    .sorted(Comparator.comparingDouble(Layer::gap).reversed()).toList();
            long before = layers.stream().mapToLong(layer -> layer.search.effort()).sum();
            inParallel(pool, open, layer -> {
                layer.search.run(share / open.size(), layer.enough(), PATIENCE, late);
                return layer;
            });
            effort -= layers.stream().mapToLong(layer -> layer.search.effort()).sum() - before;
        }

        /** What is really minimised: steps give way to their mean if they are too few or help nothing. */
        private Objective objective(ExecutorService pool) {
            if (!(goal instanceof Objective.Steps)) {
                return goal;
            }
            if (trace.steps().size() < Objective.LEAST_STEPS) {
                return new Objective.Mean();
            }
            return stepsHelp(pool) ? goal : new Objective.NoisyMean();
        }

        /** Judges by a few layers whether planning on steps beats planning on their mean; undecided means yes. */
        private boolean stepsHelp(ExecutorService pool) {
            int checked = Math.min(CHECKED_LAYERS, trace.layers());
            List<Integer> sample = new ArrayList<>();
            for (int i = 0; i < checked; i++) {
                sample.add(i * trace.layers() / checked);
            }
            long share = Math.min(MOST_CHECK_EFFORT, (long) (effort * CHECK_SHARE / 2 / Math.max(1, checked)));
            double gain = inParallel(pool, sample, l -> StepsCheck.gain(layerProblems.get(l), counts(l), share, seed))
                    .stream()
                    .mapToDouble(Double::doubleValue).sum();
            effort -= 2 * share * checked;
            return gain >= 0;
        }

        /** One layer's counts without steps in which it got no token, {@code [steps][experts]}; never empty. */
        private int[][] counts(int layer) {
            int experts = trace.experts();
            int[][] counts = trace.steps().stream()
                    .map(step -> Arrays.copyOfRange(step.counts(), layer * experts, (layer + 1) * experts))
                    .filter(row -> Arrays.stream(row).anyMatch(count -> count > 0)).toArray(int[][]::new);
            return counts.length > 0 ? counts : new int[][]{evenCounts(experts)};
        }

        /** A layer under search. */
        private final class Layer {
            private final PlanProblem problem;
            private final LayerSearch search;
            private final double bound;

            Layer(int index) {
                problem = problems.get(index);
                LayerProblem layer = layerProblems.get(index);
                search = new LayerSearch(layer, objective.loads(counts(index), layer.gpus(), seed + index),
                        seed + index);
                if (problem.filledSlots() == problem.topology().slots()) {
                    search.offer(reference(index));
                }
                bound = Bound.of(problem, trace.totals(index)).maxOverMean();
            }

            /** The reference's layout; it knows neither empty slots nor absent GPUs. */
            private int[] reference(int index) {
                double[] weight = Arrays.stream(trace.totals(index)).asDoubleStream().toArray();
                int[] map = new DeepSeekPlanner().plan(problem, trace.layer(index))[0];
                return DistinctReplicas.repair(problem.topology(), map, weight);
            }

            int[] map() {
                return problem.inSlots(search.slots());
            }

            double gap() {
                return search.cost() / bound - 1;
            }

            /** The cost that ends the search; only the mean's cost can be compared with the certificate's bound. */
            double enough() {
                return objective instanceof Objective.Mean ? bound * (1 + gap) : 0;
            }

            boolean done() {
                return search.cost() <= enough() || search.idleKicks() >= PATIENCE;
            }
        }
    }

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
