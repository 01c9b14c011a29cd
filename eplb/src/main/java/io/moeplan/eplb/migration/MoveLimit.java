package io.moeplan.eplb.migration;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.PlanSummary;
import io.moeplan.eplb.planner.Planning;
import io.moeplan.eplb.search.Objective;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Plans between the current one and a new one: the best within a number of expert moves.
 *
 * <p>For every layer there is a ladder of layouts, from the current one (fitted to the new problem, where that changed) by
 * {@linkplain Climb changes with the largest gain per move} under the plan's objective, and at its end the new plan's own,
 * {@linkplain Relabelling renamed}. The moves are given to layers where they take most tokens off the fullest GPU: that is
 * what steps wait for.
 */
public final class MoveLimit {
    private static final double[] TABLE_SHARES = {0, 0.01, 0.05, 0.1, 0.25, 0.5, 1};

    /** A layout on the way and what it takes; {@code cost} in mean GPU loads. */
    private record Rung(int moves, double cost, int[] map) {}

    /**
     * What a number of moves buys.
     *
     * @param share    of the moves that the whole new plan takes, 0 to 1
     * @param allowed  that number of moves, at least those without which the current plan cannot serve the new problem
     * @param moves    moves made
     * @param bytes    weights moved
     * @param meanMaxOverMean  max / mean of the window mean's GPU loads, mean over layers
     * @param worstMaxOverMean the same of the worst layer
     * @param meanCost         what the plan's objective makes of it, mean over layers: about the fullest GPU's load over the
     *                         mean, in the steps that it looks at
     */
    public record Row(double share, long allowed, long moves, long bytes, double meanMaxOverMean,
            double worstMaxOverMean, double meanCost) {}

    private final Plan current;
    private final Plan next;
    private final LoadTrace trace;
    private final List<List<Rung>> ladders;
    /** Tokens of the mean GPU in each layer, {@code [layers]}. */
    private final double[] meanLoad;

    private MoveLimit(Plan current, Plan next, LoadTrace trace, List<List<Rung>> ladders) {
        this.current = current;
        this.next = next;
        this.trace = trace;
        this.ladders = ladders;
        meanLoad = IntStream.range(0, trace.layers()).mapToDouble(layer -> Arrays.stream(trace.totals(layer)).sum())
                .toArray();
    }

    /**
     * Works out the ladders; the new plan is renamed first.
     *
     * @param trace     the steps that the new plan was made on
     * @param objective what it was made for; plans on the way are too
     * @throws IllegalArgumentException if the plans are for other GPUs, layers or experts, or the trace is
     */
    public static MoveLimit between(Plan current, Plan next, LoadTrace trace, Objective objective) {
        Plan renamed = Relabelling.relabel(current, next);
        if (!Arrays.equals(trace.layerIds(), next.layers().stream().mapToInt(LayerPlan::layer).toArray())
                || trace.experts() != next.model().experts()) {
            throw new IllegalArgumentException("the recording has other MoE layers or experts than the new plan");
        }
        List<List<Rung>> ladders = IntStream.range(0, trace.layers()).parallel()
                .mapToObj(layer -> ladder(current, renamed, layer, trace, objective)).toList();
        return new MoveLimit(current, renamed, trace, ladders);
    }

    /**
     * The best plan within a number of moves: the whole new plan if it is within, and otherwise never a worse one than
     * the current.
     *
     * @throws IllegalArgumentException if the current plan cannot serve the new problem without more moves, say because a
     *                                  GPU is gone
     */
    public Plan limit(long maxMoves) {
        if (maxMoves >= fullMoves()) {
            return next;
        }
        if (maxMoves < fewestMoves()) {
            throw new IllegalArgumentException(
                    "the current plan cannot serve what the new one is for within " + maxMoves
                            + " moves: use --max-moves " + fewestMoves() + " or more");
        }
        int[] rungs = climb(maxMoves);
        List<LayerPlan> layers = new ArrayList<>();
        for (int layer = 0; layer < rungs.length; layer++) {
            LayerPlan target = next.layers().get(layer);
            PlanProblem problem = next.problem(target);
            layers.add(Planning.certify(problem, target.layer(), ladders.get(layer).get(rungs[layer]).map(),
                    trace.totals(layer)));
        }
        return new Plan(next.model(), next.recording(), next.topology(), next.algorithm() + "+limited",
                next.objective(),
                List.copyOf(layers), next.requirements(), next.dispatch());
    }

    /** The moves that the whole new plan takes. */
    public long fullMoves() {
        return ladders.stream().mapToLong(ladder -> ladder.getLast().moves()).sum();
    }

    /** The moves without which the current plan cannot serve the new problem; 0 if it can as it is. */
    public long fewestMoves() {
        return ladders.stream().mapToLong(ladder -> ladder.getFirst().moves()).sum();
    }

    /**
     * Moves against balance: for 0, 1 %, 5 %, 10 %, 25 %, 50 % and all of the new plan's moves.
     *
     * @param bytesPerExpert bytes of one expert's weights in one layer
     */
    public List<Row> table(long bytesPerExpert) {
        List<Row> rows = new ArrayList<>();
        for (double share : TABLE_SHARES) {
            long allowed = Math.max(Math.min(fewestMoves(), fullMoves()), Math.round(share * fullMoves()));
            Plan plan = limit(allowed);
            Migration migration = Migration.between(current, plan, bytesPerExpert);
            PlanSummary summary = PlanSummary.of(plan);
            rows.add(new Row(share, allowed, migration.moves(), migration.bytes(), summary.meanMaxOverMean(),
                    summary.worstMaxOverMean(), meanCost(allowed)));
        }
        return rows;
    }

    private double meanCost(long maxMoves) {
        int[] rungs = maxMoves >= fullMoves()
                ? ladders.stream().mapToInt(l -> l.size() - 1).toArray()
                : climb(maxMoves);
        return IntStream.range(0, rungs.length).mapToDouble(layer -> ladders.get(layer).get(rungs[layer]).cost())
                .average().orElseThrow();
    }

    /** The rung of each layer: again and again the climb with most tokens per move that can still be paid. */
    private int[] climb(long maxMoves) {
        int[] rungs = new int[ladders.size()];
        long left = maxMoves - fewestMoves();
        while (true) {
            int bestLayer = -1;
            int bestRung = 0;
            double bestRate = 0;
            for (int layer = 0; layer < rungs.length; layer++) {
                List<Rung> ladder = ladders.get(layer);
                Rung here = ladder.get(rungs[layer]);
                for (int rung = rungs[layer] + 1; rung < ladder.size(); rung++) {
                    int moves = ladder.get(rung).moves() - here.moves();
                    double rate = (here.cost() - ladder.get(rung).cost()) * meanLoad[layer] / moves;
                    if (moves <= left && rate > bestRate) {
                        bestLayer = layer;
                        bestRung = rung;
                        bestRate = rate;
                    }
                }
            }
            if (bestLayer < 0) {
                return rungs;
            }
            left -= ladders.get(bestLayer).get(bestRung).moves() - ladders.get(bestLayer).get(rungs[bestLayer]).moves();
            rungs[bestLayer] = bestRung;
        }
    }

    /** Ascending in moves, each with a lower cost than the one before but perhaps the last. */
    private static List<Rung> ladder(Plan current, Plan next, int layer, LoadTrace trace, Objective objective) {
        LayerPlan old = current.layers().get(layer);
        LayerPlan target = next.layers().get(layer);
        PlanProblem problem = next.problem(target);
        long[] totals = trace.totals(layer);
        int[][] before = Relabelling.counts(current.topology(old), problem.experts(), old.physicalToLogical());
        LayerPrices prices = new LayerPrices(problem, objective, trace, layer);
        MovableLayout end = new MovableLayout(problem, target.physicalToLogical(), totals, before, prices);
        Rung last = new Rung(end.moves(), end.cost(), end.map());
        List<Rung> rungs = new ArrayList<>();
        start(problem, current, old, totals, before, prices).ifPresent(start -> {
            rungs.add(new Rung(start.moves(), start.cost(), start.map()));
            Climb.run(start, problem.experts(), last.moves(), here -> addBetter(rungs, here));
        });
        // The new plan is the end of the ladder even if a layout on the way costs less: it is what was asked for.
        rungs.removeIf(rung -> rung.moves() >= last.moves());
        rungs.add(last);
        return List.copyOf(rungs);
    }

    /** Keeps only rungs that are not beaten by one with no more moves. */
    private static void addBetter(List<Rung> rungs, MovableLayout here) {
        Rung rung = new Rung(here.moves(), here.cost(), here.map());
        if (rung.cost() >= rungs.getLast().cost() || rung.moves() < rungs.getFirst().moves()) {
            return;
        }
        while (rungs.size() > 1 && rungs.getLast().moves() >= rung.moves()) {
            rungs.removeLast();
        }
        if (rungs.getLast().moves() == rung.moves()) {
            rungs.removeLast();
        }
        rungs.add(rung);
    }

    /** The current layout as it is, or fitted to the new problem; empty if only the new plan's own layout will do. */
    private static Optional<MovableLayout> start(PlanProblem problem, Plan current, LayerPlan old, long[] totals,
            int[][] before, LayerPrices prices) {
        if (LayoutFit.serves(problem, old.physicalToLogical())) {
            return Optional.of(new MovableLayout(problem, old.physicalToLogical(), totals, before, prices));
        }
        return Fitting.fit(problem, current.topology(old), old.physicalToLogical(), totals)
                .map(map -> Replicating.mend(new MovableLayout(problem, map, totals, before, prices),
                        problem.experts()))
                .filter(mended -> mended.allSurvive() && LayoutFit.serves(problem, mended.map()));
    }
}
