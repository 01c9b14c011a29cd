package io.moeplan.eplb.compare;

import io.moeplan.eplb.ContiguousPlanner;
import io.moeplan.eplb.Dispatch;
import io.moeplan.eplb.FixedChoice;
import io.moeplan.eplb.HoldoutSplit;
import io.moeplan.eplb.ImpossiblePlanException;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Planner;
import io.moeplan.eplb.Planning;
import io.moeplan.eplb.Simulation;
import io.moeplan.eplb.SimulationResult;
import io.moeplan.eplb.TokenTrace;
import io.moeplan.eplb.Verdicts;
import io.moeplan.eplb.migration.Migration;
import io.moeplan.eplb.migration.Relabelling;
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

/**
 * Plans every combination of planner, redundancy and GPUs, and judges all of them on the same steps.
 *
 * <p>A plan is held against the current one where that is for the same GPUs, else against the engine's default layout
 * with as little redundancy as these GPUs allow: gain, moves and verdict are relative to that. So rows for the same GPUs
 * compare with each other; the default layout with redundancy, which repeats the first experts whatever their load, would
 * flatter every plan with some.
 */
public final class Comparison {
    /** What results call the layout that is loaded now. */
    public static final String CURRENT = "current";

    private final Setting setting;
    /** The engine's default layout for each number of GPUs. */
    private final Map<Integer, Plan> defaults = new HashMap<>();

    /**
     * What all candidates share.
     *
     * @param split          the steps to plan and to judge on
     * @param tokens         of the same recording, to measure traffic with
     * @param digest         the recording's
     * @param groups         expert groups of the router, 1 if it has none
     * @param current        what is loaded now
     * @param bytesPerExpert weights of one expert in one layer
     * @param dispatch       the rule that plans are made for, by planners that can, and judged with
     * @param deadZone       max / mean up to which imbalance costs nothing
     */
    public record Setting(HoldoutSplit split, Optional<TokenTrace> tokens, Plan.Model model, String digest, int nodes,
            int groups, Dispatch dispatch, Optional<Plan> current, OptionalLong bytesPerExpert, double deadZone) {
        /** With {@linkplain Verdicts#DEAD_ZONE the usual dead zone}. */
        public Setting(HoldoutSplit split, Optional<TokenTrace> tokens, Plan.Model model, String digest, int nodes,
                int groups, Dispatch dispatch, Optional<Plan> current, OptionalLong bytesPerExpert) {
            this(split, tokens, model, digest, nodes, groups, dispatch, current, bytesPerExpert, Verdicts.DEAD_ZONE);
        }

        Setting withoutTokens() {
            return new Setting(split, Optional.empty(), model, digest, nodes, groups, dispatch, current,
                    bytesPerExpert, deadZone);
        }
    }

    /** @throws IllegalArgumentException if the current plan is for another model than the recording */
    public Comparison(Setting setting) {
        this.setting = setting;
        setting.current().ifPresent(this::requireSameModel);
    }

    private void requireSameModel(Plan current) {
        int experts = setting.split().plan().experts();
        if (current.model().experts() != experts) {
            throw new IllegalArgumentException("the current plan is for " + current.model().experts()
                    + " experts per layer, the recording has " + experts);
        }
        int[] layers = current.layers().stream().mapToInt(LayerPlan::layer).toArray();
        if (!Arrays.equals(layers, setting.split().plan().layerIds())) {
            throw new IllegalArgumentException("the current plan has other MoE layers than the recording");
        }
    }

    /** All combinations: GPUs first, then redundancy, then planners, in the orders given. */
    public List<ComparisonRow> rows(List<Planner> planners, List<Integer> gpus, List<Integer> redundant) {
        List<ComparisonRow> rows = new ArrayList<>();
        for (int g : gpus) {
            for (int r : redundant) {
                planners.forEach(planner -> rows.add(row(planner, g, r)));
            }
        }
        return List.copyOf(rows);
    }

    /** One combination. */
    public ComparisonRow row(Planner planner, int gpus, int redundant) {
        Candidate candidate = new Candidate(planner.name(), gpus, redundant);
        try {
            return judge(candidate, planner, problem(gpus, redundant));
        } catch (IllegalArgumentException e) {
            return new ComparisonRow.Impossible(candidate, e.getMessage());
        }
    }

    /**
     * The least redundancy with which a planner reaches a balancedness on the judged steps. Plans for about
     * {@code 2 log2} of the redundancies there are, traffic is not measured.
     *
     * @param balancedness vLLM's definition, 0 to 1
     * @throws ImpossiblePlanException if no redundancy makes a plan possible
     */
    public Target smallest(Planner planner, int gpus, double balancedness) {
        Comparison loadsOnly = new Comparison(setting.withoutTokens());
        return new TargetSearch(loadsOnly, planner, gpus, balancedness, redundancies(gpus)).run();
    }

    /** Every redundancy that divides over the GPUs and can be planned for, ascending. */
    private List<Integer> redundancies(int gpus) {
        int experts = setting.split().plan().experts();
        List<Integer> possible = new ArrayList<>();
        Optional<ImpossiblePlanException> why = Optional.empty();
        for (int slots = Math.ceilDiv(experts, Math.max(1, gpus)); slots <= experts; slots++) {
            int redundant = Math.toIntExact((long) slots * gpus - experts);
            try {
                problem(gpus, redundant);
                possible.add(redundant);
            } catch (ImpossiblePlanException e) {
                why = why.isPresent() ? why : Optional.of(e);
            }
        }
        if (possible.isEmpty()) {
            throw why.orElseThrow();
        }
        return possible;
    }

    private PlanProblem problem(int gpus, int redundant) {
        return PlanProblem.withRedundant(setting.split().plan().experts(), setting.groups(), setting.nodes(), gpus,
                redundant);
    }

    private ComparisonRow judge(Candidate candidate, Planner planner, PlanProblem problem) {
        long started = System.nanoTime();
        Plan planned = plan(problem, planner.under(setting.dispatch()));
        Duration planning = Duration.ofNanos(System.nanoTime() - started);
        Optional<Plan> current = setting.current().filter(plan -> sameGpus(plan, problem));
        String from = current.isPresent() ? CURRENT : ContiguousPlanner.NAME;
        Plan before = current.orElseGet(
                () -> defaults.computeIfAbsent(candidate.gpus(), this::defaultLayout));
        // Where tokens go by rank, GPUs are not alike: other labels would make other loads.
        Plan plan = setting.dispatch() instanceof FixedChoice ? planned : Relabelling.relabel(before, planned);
        SimulationResult result = Simulation.against(setting.split().judged(), before, from, plan, setting.dispatch(),
                setting.split().holdout()).withDeadZone(setting.deadZone());
        Optional<TrafficFigures> traffic = setting.tokens()
                .map(tokens -> Traffic.of(tokens, plan, setting.dispatch()).overall());
        return new ComparisonRow.Judged(candidate, plan, result, Verdicts.of(result), traffic,
                moves(from, before, plan), memory(problem, plan.layers().size()), planning);
    }

    private Plan defaultLayout(int gpus) {
        return plan(problem(gpus, redundancies(gpus).getFirst()), new ContiguousPlanner());
    }

    private Plan plan(PlanProblem problem, Planner planner) {
        return Planning.plan(problem, setting.split().plan(), planner, setting.model(), setting.digest());
    }

    private static boolean sameGpus(Plan plan, PlanProblem problem) {
        return plan.topology().nodes() == problem.topology().nodes()
                && plan.topology().gpusPerNode() == problem.topology().gpusPerNode();
    }

    private Moves moves(String from, Plan before, Plan plan) {
        long bytes = setting.bytesPerExpert().orElse(0);
        Migration migration = Migration.between(before, plan, bytes);
        long replicas = plan.layers().stream()
                .mapToLong(layer -> Arrays.stream(layer.physicalToLogical()).filter(expert -> expert >= 0).count())
                .sum();
        return new Moves(from, migration.moves(), (double) migration.moves() / replicas,
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
