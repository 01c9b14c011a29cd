package io.moeplan.eplb.migration;

import io.moeplan.eplb.ImpossiblePlanException;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Layout;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.planner.Planning;
import io.moeplan.eplb.search.Objective;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Plans that outlive the loss of GPUs or nodes, and what such a loss does to the balance. */
public final class Survival {
    /**
     * One loss.
     *
     * @param lost             the GPU or node
     * @param expertsLost      experts without a replica then, over all layers; nobody computes their tokens, which are left
     *                         out of the balance
     * @param meanMaxOverMean  max / mean over the GPUs that remain, experts being split evenly over the replicas that
     *                         remain; mean over layers
     * @param worstMaxOverMean the same of the worst layer
     */
    public record Case(int lost, int expertsLost, double meanMaxOverMean, double worstMaxOverMean) {}

    private Survival() {}

    /**
     * What the loss of each GPU (or node) that is present would do.
     *
     * @param trace what balance is judged on: its totals
     * @throws IllegalArgumentException if the trace has not the plan's layers and experts
     */
    public static List<Case> cases(Plan plan, LoadTrace trace, FailureDomain domain) {
        requireSame(plan, trace);
        int size = domain == FailureDomain.GPU ? 1 : plan.topology().gpusPerNode();
        List<Case> cases = new ArrayList<>();
        for (int lost = 0; lost < plan.topology().gpus() / size; lost++) {
            List<Integer> absent = plan.requirements().absent();
            int from = lost * size;
            if (!absent.containsAll(IntStream.range(from, from + size).boxed().toList())) {
                cases.add(loss(plan, trace, lost, from, from + size));
            }
        }
        return cases;
    }

    private static Case loss(Plan plan, LoadTrace trace, int lost, int from, int to) {
        int expertsLost = 0;
        double sum = 0;
        double worst = 1;
        for (int layer = 0; layer < trace.layers(); layer++) {
            LayerPlan own = plan.layers().get(layer);
            Layout layout = new Layout(plan.topology(own), trace.experts(), own.physicalToLogical());
            long[] totals = trace.totals(layer);
            double[] load = new double[plan.topology().gpus()];
            for (int e = 0; e < totals.length; e++) {
                int[] left = layout.gpusOf(e).filter(gpu -> gpu < from || gpu >= to).toArray();
                expertsLost += left.length == 0 ? 1 : 0;
                for (int gpu : left) {
                    load[gpu] += (double) totals[e] / left.length;
                }
            }
            long remaining = IntStream.range(0, load.length)
                    .filter(gpu -> (gpu < from || gpu >= to) && !plan.requirements().absent().contains(gpu)).count();
            double total = Arrays.stream(load).sum();
            double maxOverMean = total == 0 ? 1 : Arrays.stream(load).max().orElseThrow() / (total / remaining);
            sum += maxOverMean;
            worst = Math.max(worst, maxOverMean);
        }
        return new Case(lost, expertsLost, sum / trace.layers(), worst);
    }

    /**
     * Makes a plan outlive the loss of any {@code lost} GPUs (or nodes), with the smallest loss of balance found; its
     * algorithm is then called e.g. {@code search+survive}. Layers that do already stay as they are.
     *
     * @param trace     what the plan was made on
     * @param objective what it was made for
     * @throws ImpossiblePlanException  if no layout of the plan's slots can; the message has the fewest redundant experts
     *                                  that it takes
     * @throws IllegalArgumentException if the trace has not the plan's layers and experts
     */
    public static Plan ensure(Plan plan, LoadTrace trace, int lost, FailureDomain domain, Objective objective) {
        requireSame(plan, trace);
        Requirements old = plan.requirements();
        Requirements needed = domain == FailureDomain.GPU
                ? old.surviving(Math.max(lost, old.lostGpus()), old.lostNodes())
                : old.surviving(old.lostGpus(), Math.max(lost, old.lostNodes()));
        List<LayerPlan> layers = IntStream.range(0, trace.layers()).parallel()
                .mapToObj(layer -> ensure(plan, needed, trace, layer, objective)).toList();
        boolean changed = IntStream.range(0, layers.size()).anyMatch(layer -> !Arrays
                .equals(layers.get(layer).physicalToLogical(), plan.layers().get(layer).physicalToLogical()));
        return new Plan(plan.model(), plan.recording(), plan.topology(), plan.algorithm() + (changed ? "+survive" : ""),
                plan.objective(), layers, needed, plan.dispatch());
    }

    private static LayerPlan ensure(Plan plan, Requirements needed, LoadTrace trace, int index, Objective objective) {
        LayerPlan layer = plan.layers().get(index);
        PlanProblem problem = plan.problem(layer).with(needed);
        long[] totals = trace.totals(index);
        int[] map = LayoutFit.serves(problem, layer.physicalToLogical())
                ? layer.physicalToLogical()
                : ensured(problem, layer.physicalToLogical(), totals,
                        new LayerPrices(problem, objective, trace, index));
        return Planning.certify(problem, layer.layer(), map, totals);
    }

    /** A layout that outlives what the problem names, from the one that there is or from nothing, whichever is better. */
    private static int[] ensured(PlanProblem problem, int[] map, long[] totals, LayerPrices prices) {
        Topology topology = problem.topology();
        int[][] before = Relabelling.counts(topology, problem.experts(), map);
        List<Ensured> found = new ArrayList<>();
        Fitting.fit(problem, topology, map, totals)
                .map(fitted -> new MovableLayout(problem, fitted, totals, before, prices))
                .flatMap(layout -> climbed(problem, Replicating.mend(layout, problem.experts()))).ifPresent(found::add);
        Replicating.fromNothing(problem, totals, nodeOf(problem, map))
                .map(anew -> new MovableLayout(problem, anew, totals, before, prices))
                .flatMap(layout -> climbed(problem, layout)).ifPresent(found::add);
        return found.stream().min(Comparator.comparingDouble(Ensured::cost)).map(Ensured::map)
                .orElseThrow(() -> new ImpossiblePlanException(
                        "no layout was found in which every expert outlives the losses: use more redundant experts"
                                + (problem.hierarchical() ? ", or leave groups free (--groups 1)" : "")));
    }

    private record Ensured(double cost, int[] map) {}

    private static Optional<Ensured> climbed(PlanProblem problem, MovableLayout layout) {
        if (!layout.allSurvive()) {
            return Optional.empty();
        }
        Climb.run(layout, problem.experts(), Integer.MAX_VALUE, step -> {});
        return LayoutFit.serves(problem, layout.map())
                ? Optional.of(new Ensured(layout.cost(), layout.map()))
                : Optional.empty();
    }

    private static int[] nodeOf(PlanProblem problem, int[] map) {
        Topology topology = problem.topology();
        int[] nodeOf = new int[problem.groups()];
        for (int slot = 0; slot < map.length; slot++) {
            if (map[slot] != Layout.EMPTY) {
                nodeOf[problem.groupOf(map[slot])] = topology.nodeOf(topology.gpuOf(slot));
            }
        }
        return nodeOf;
    }

    private static void requireSame(Plan plan, LoadTrace trace) {
        if (!Arrays.equals(trace.layerIds(), plan.layers().stream().mapToInt(LayerPlan::layer).toArray())
                || trace.experts() != plan.model().experts()) {
            throw new IllegalArgumentException("the recording has other MoE layers or experts than the plan");
        }
    }
}
