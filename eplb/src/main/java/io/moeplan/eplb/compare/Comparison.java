package io.moeplan.eplb.compare;

import io.moeplan.eplb.ImpossiblePlanException;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.SpareSlots;
import io.moeplan.eplb.TokenTrace;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.FixedChoice;
import io.moeplan.eplb.judge.HoldoutSplit;
import io.moeplan.eplb.judge.JudgedSteps;
import io.moeplan.eplb.judge.LayoutBalance;
import io.moeplan.eplb.judge.Simulation;
import io.moeplan.eplb.judge.SimulationResult;
import io.moeplan.eplb.judge.Verdicts;
import io.moeplan.eplb.migration.Migration;
import io.moeplan.eplb.migration.Relabelling;
import io.moeplan.eplb.planner.ContiguousPlanner;
import io.moeplan.eplb.planner.Planner;
import io.moeplan.eplb.planner.Planning;
import io.moeplan.eplb.traffic.Traffic;
import io.moeplan.eplb.traffic.TrafficFigures;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntFunction;

/**
 * Plans every combination of planner, slots and GPUs, and judges all of them on the same steps: the recording's own, or for
 * each number of GPUs those that a replay gives.
 *
 * <p>A plan is held against the current one where that is for the same GPUs, else against the engine's default layout
 * with as little redundancy as these GPUs allow: gain, moves and verdict are relative to that. So rows for the same GPUs
 * compare with each other; the default layout with redundancy, which repeats the first experts whatever their load, would
 * be another yardstick for each row, and flatter every plan with some. The gain against that one is given beside.
 */
public final class Comparison {
    /** What results call the layout that is loaded now. */
    public static final String CURRENT = "current";

    private final Setting setting;
    private final Listener listener;
    /** The layouts to hold plans against, for each number of GPUs. */
    private final Map<Integer, Before> befores = new HashMap<>();
    /** The engine's default layout in the same slots. */
    private final Map<PlanProblem, LayoutBalance> sameSlots = new HashMap<>();
    /** What was judged already: filled spare slots make the same problem of several redundancies. */
    private final Map<Task, ComparisonRow.Judged> done = new HashMap<>();
    /** The steps for one number of GPUs at a time: replays take memory. */
    private int judgedGpus;
    private JudgedSteps judged;

    /** Hears how far a comparison is. */
    public interface Listener {
        /** Hears nothing. */
        Listener NONE = new Listener() {
            @Override
            public void started(Candidate candidate) {}

            @Override
            public void finished(ComparisonRow row) {}
        };

        /** A candidate is planned now. */
        void started(Candidate candidate);

        /** The same one is planned and judged. */
        void finished(ComparisonRow row);
    }

    /**
     * What all candidates share.
     *
     * @param split          the steps to plan on, and how they were cut
     * @param judged         the steps to judge on, for a number of GPUs; may throw {@link IllegalArgumentException}
     * @param tokens         of the same recording, to measure traffic with
     * @param digest         the recording's
     * @param groups         expert groups of the router, 1 if it has none
     * @param spare          what {@link #smallest} and the default layout do with slots that rounding up adds; empty if
     *                       there must be none
     * @param current        what is loaded now
     * @param bytesPerExpert weights of one expert in one layer
     * @param dispatch       the rule that plans are made for, by planners that can, and judged with
     * @param deadZone       max / mean up to which imbalance costs nothing
     */
    public record Setting(HoldoutSplit split, IntFunction<JudgedSteps> judged, Optional<TokenTrace> tokens,
            Plan.Model model, String digest, int nodes, int groups, Optional<SpareSlots> spare, Dispatch dispatch,
            Optional<Plan> current, OptionalLong bytesPerExpert, double deadZone) {
        Setting withoutTokens() {
            return new Setting(split, judged, Optional.empty(), model, digest, nodes, groups, spare, dispatch, current,
                    bytesPerExpert, deadZone);
        }
    }

    /** The layouts before, and how they do. */
    private record Before(Plan plan, String name, LayoutBalance balance) {}

    private record Task(String planner, PlanProblem problem) {}

    /** @throws IllegalArgumentException if the current plan is for another model than the recording */
    public Comparison(Setting setting, Listener listener) {
        this.setting = setting;
        this.listener = listener;
        setting.current().ifPresent(this::requireSameModel);
    }

    private void requireSameModel(Plan current) {
        int experts = experts();
        if (current.model().experts() != experts) {
            throw new IllegalArgumentException("the current plan is for " + current.model().experts()
                    + " experts per layer, the recording has " + experts);
        }
        int[] layers = current.layers().stream().mapToInt(LayerPlan::layer).toArray();
        if (!Arrays.equals(layers, setting.split().plan().layerIds())) {
            throw new IllegalArgumentException("the current plan has other MoE layers than the recording");
        }
    }

    private int experts() {
        return setting.split().plan().experts();
    }

    /**
     * All combinations: GPUs first, then slots, then planners, in the orders given.
     *
     * @throws IllegalArgumentException if there are no steps to judge on
     */
    public List<ComparisonRow> rows(List<Planner> planners, List<Integer> gpus, List<Slots> slots) {
        List<ComparisonRow> rows = new ArrayList<>();
        for (int g : gpus) {
            for (Slots s : slots) {
                planners.forEach(planner -> rows.add(row(planner, g, s)));
            }
        }
        return List.copyOf(rows);
    }

    /**
     * One combination.
     *
     * @throws IllegalArgumentException if there are no steps to judge on
     */
    public ComparisonRow row(Planner planner, int gpus, Slots slots) {
        Candidate candidate = new Candidate(planner.name(), gpus, slots);
        listener.started(candidate);
        ComparisonRow row = judge(candidate, planner);
        listener.finished(row);
        return row;
    }

    private ComparisonRow judge(Candidate candidate, Planner planner) {
        Task task;
        Plan plan;
        long started = System.nanoTime();
        try {
            task = new Task(planner.name(), problem(candidate.gpus(), candidate.slots()));
            ComparisonRow.Judged known = done.get(task);
            if (known != null) {
                return known.of(candidate);
            }
            plan = plan(task.problem(), planner.under(setting.dispatch()));
        } catch (IllegalArgumentException e) {
            return new ComparisonRow.Impossible(candidate, e.getMessage());
        }
        Duration planning = Duration.ofNanos(System.nanoTime() - started);
        ComparisonRow.Judged row = judge(candidate, task.problem(), plan, planning);
        done.put(task, row);
        return row;
    }

    /**
     * The least redundancy with which a planner reaches a balancedness on the judged steps. Plans for about
     * {@code 2 log2} of the redundancies there are, traffic is not measured.
     *
     * @param balancedness vLLM's definition, 0 to 1
     * @throws ImpossiblePlanException if no redundancy makes a plan possible
     */
    public Target smallest(Planner planner, int gpus, double balancedness) {
        Comparison loadsOnly = new Comparison(setting.withoutTokens(), listener);
        List<Slots> slots = redundancies(gpus);
        return new TargetSearch(loadsOnly, planner, gpus, balancedness, slots).run();
    }

    /**
     * Every redundancy that can be planned for, ascending: those that divide over the GPUs, and where spare slots may stay
     * empty all others too (filled, they would be the next one that divides).
     */
    private List<Slots> redundancies(int gpus) {
        int experts = experts();
        int stride = setting.spare().equals(Optional.of(SpareSlots.EMPTY)) ? 1 : Math.max(1, gpus);
        long first = stride == 1 ? 0 : (long) Math.ceilDiv(experts, stride) * stride - experts;
        List<Slots> possible = new ArrayList<>();
        Optional<ImpossiblePlanException> why = Optional.empty();
        for (long r = first; r <= Math.max(first, (long) experts * gpus - experts); r += stride) {
            Slots slots = new Slots.Redundant(Math.toIntExact(r), setting.spare());
            try {
                problem(gpus, slots);
                possible.add(slots);
            } catch (ImpossiblePlanException e) {
                why = why.isPresent() ? why : Optional.of(e);
            }
        }
        if (possible.isEmpty()) {
            throw why.orElseThrow();
        }
        return possible;
    }

    private PlanProblem problem(int gpus, Slots slots) {
        return slots.problem(experts(), setting.groups(), setting.nodes(), gpus);
    }

    private ComparisonRow.Judged judge(Candidate candidate, PlanProblem problem, Plan planned, Duration planning) {
        Before before = befores.computeIfAbsent(candidate.gpus(), gpus -> before(problem));
        // Where tokens go by rank, GPUs are not alike: other labels would make other loads.
        Plan plan = setting.dispatch() instanceof FixedChoice ? planned : Relabelling.relabel(before.plan(), planned);
        JudgedSteps steps = steps(candidate.gpus());
        LayoutBalance after = replay(plan, plan.algorithm(), steps);
        LayoutBalance same = sameSlots.computeIfAbsent(problem, slots -> contiguous(slots, steps));
        SimulationResult result = new SimulationResult(setting.dispatch().name(), steps.holdout(), before.balance(),
                after).withDeadZone(setting.deadZone());
        // Only the gain is asked for, so it needs no interval.
        double sameSlotsGain = Verdicts.of(new SimulationResult(setting.dispatch().name(), steps.holdout(), same, after,
                Optional.empty(), setting.deadZone())).gain();
        Optional<TrafficFigures> traffic = setting.tokens()
                .map(tokens -> Traffic.of(tokens, plan, setting.dispatch()).overall());
        return new ComparisonRow.Judged(candidate, plan, baseline(before), result, Verdicts.of(result), sameSlotsGain,
                steps.origin(), traffic, moves(before.plan(), plan), memory(problem, plan.layers().size()), planning);
    }

    private JudgedSteps steps(int gpus) {
        if (judged == null || judgedGpus != gpus) {
            judged = null;
            judged = setting.judged().apply(gpus);
            judgedGpus = gpus;
        }
        return judged;
    }

    private Before before(PlanProblem problem) {
        int gpus = problem.topology().gpus();
        Optional<Plan> current = setting.current().filter(plan -> sameGpus(plan, problem));
        Plan plan = current.orElseGet(() -> defaultLayout(gpus));
        String name = current.isPresent() ? CURRENT : ContiguousPlanner.NAME;
        return new Before(plan, name, replay(plan, name, steps(gpus)));
    }

    private Plan defaultLayout(int gpus) {
        return plan(problem(gpus, redundancies(gpus).getFirst()), new ContiguousPlanner());
    }

    private LayoutBalance contiguous(PlanProblem problem, JudgedSteps steps) {
        return replay(plan(problem, new ContiguousPlanner()), ContiguousPlanner.NAME, steps);
    }

    private LayoutBalance replay(Plan plan, String name, JudgedSteps steps) {
        int[][] maps = plan.layers().stream().map(LayerPlan::physicalToLogical).toArray(int[][]::new);
        return Simulation.replay(steps.loads(), steps.sources(), plan.topology(), maps, name, setting.dispatch());
    }

    private Plan plan(PlanProblem problem, Planner planner) {
        return Planning.plan(problem, setting.split().plan(), planner, setting.model(), setting.digest());
    }

    private static boolean sameGpus(Plan plan, PlanProblem problem) {
        return plan.topology().nodes() == problem.topology().nodes()
                && plan.topology().gpusPerNode() == problem.topology().gpusPerNode();
    }

    private static Baseline baseline(Before before) {
        return new Baseline(before.name(), before.plan().topology().slotsPerGpu(), redundant(before.plan()));
    }

    /** A plan's replicas beyond one per expert in its first layer. */
    static int redundant(Plan plan) {
        return Math.toIntExact(replicas(plan.layers().getFirst())) - plan.model().experts();
    }

    private static long replicas(LayerPlan layer) {
        return Arrays.stream(layer.physicalToLogical()).filter(expert -> expert >= 0).count();
    }

    private Moves moves(Plan before, Plan plan) {
        long bytes = setting.bytesPerExpert().orElse(0);
        Migration migration = Migration.between(before, plan, bytes);
        long replicas = plan.layers().stream().mapToLong(Comparison::replicas).sum();
        return new Moves(migration.moves(), (double) migration.moves() / replicas,
                setting.bytesPerExpert().isPresent() ? OptionalLong.of(migration.bytes()) : OptionalLong.empty());
    }

    private OptionalLong memory(PlanProblem problem, int layers) {
        if (setting.bytesPerExpert().isEmpty()) {
            return OptionalLong.empty();
        }
        double extra = (double) problem.redundant() * layers / problem.presentGpus();
        return OptionalLong.of(Math.round(extra * setting.bytesPerExpert().getAsLong()));
    }
}
