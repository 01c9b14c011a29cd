package io.moeplan.eplb.planfile;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.eplb.Bound;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.planner.ContiguousPlanner;
import io.moeplan.eplb.planner.DeepSeekPlanner;
import io.moeplan.eplb.planner.Planner;
import io.moeplan.eplb.planner.Planning;
import io.moeplan.eplb.planner.RandomProblems;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class PlanCheckTest {
    private static final LoadTrace TRACE = TestLoads.trace(new Random(7), new int[]{3, 5}, 8, 4);
    private static final Plan PLAN = TestLoads.plan();

    @Test
    void everyPlanOfEveryPlannerHolds() {
        Random random = new Random(30);
        for (int i = 0; i < 1000; i++) {
            PlanProblem problem = i % 2 == 0 ? TestLoads.problem(random) : RandomProblems.any(random);
            LoadTrace trace = TestLoads.trace(random, new int[]{1, 4}, problem.experts(), 1 + random.nextInt(3));
            Plan.Model model = new Plan.Model("m", "t", problem.experts(), 1, problem.groups());
            for (Planner planner : List.of(new ContiguousPlanner(), new DeepSeekPlanner())) {
                boolean cannot = planner instanceof DeepSeekPlanner && !plain(problem);
                if (!cannot) {
                    Plan plan = Planning.plan(problem, trace, planner, model, "d");
                    assertThat(fails(plan, trace)).as("%s", problem).isEmpty();
                }
            }
        }
    }

    /** Whether the reference can plan it. */
    private static boolean plain(PlanProblem problem) {
        Requirements requirements = problem.requirements();
        boolean divides = !problem.hierarchical() || problem.groups() % problem.topology().nodes() == 0;
        return divides && requirements.empty() == 0 && requirements.absent().isEmpty();
    }

    @Test
    void aSoundPlanSaysWhatHolds() {
        assertThat(PlanCheck.check(PLAN, Optional.of(TRACE))).extracting(Finding::text).containsSequence(
                "every expert has a slot in each of 2 layers, and the slots of 4 GPUs are filled").contains(
                        "each of 2 groups lies on one node",
                        "balancedness, max_over_mean, lower_bound and gap agree with each other",
                        "balance, lower bound, its term and gap of every layer are those of the recording's first 4"
                                + " steps");
        assertThat(PlanCheck.check(PLAN, Optional.empty()))
                .contains(Finding.note("balance and bounds were not recomputed: that takes the recording"));
        assertThat(PlanCheck.holds(PlanCheck.check(PLAN, Optional.of(TRACE)))).isTrue();
    }

    @Test
    void everyLieIsFound() {
        assertThat(fails(changed(l -> new LayerPlan(l.layer(), l.physicalToLogical(), l.balancedness() / 2,
                l.maxOverMean(), l.lowerBound(), l.gap(), l.boundTerm())), TRACE))
                .anyMatch(
                        text -> text.startsWith("layer 3: balancedness ") && text.contains("is not 1 / max_over_mean"))
                .anyMatch(text -> text.startsWith("layer 3: balancedness is stated as "));
        assertThat(fails(changed(l -> new LayerPlan(l.layer(), l.physicalToLogical(), l.balancedness(), l.maxOverMean(),
                l.lowerBound() * 1.5, l.gap(), l.boundTerm())), TRACE))
                .anyMatch(text -> text.contains("is below lower_bound"))
                .anyMatch(text -> text.startsWith("layer 3: lower_bound is stated as "));
        assertThat(fails(changed(l -> new LayerPlan(l.layer(), l.physicalToLogical(), l.balancedness(), l.maxOverMean(),
                l.lowerBound(), l.gap() + 0.1, l.boundTerm())), TRACE))
                .anyMatch(text -> text.startsWith("layer 3: gap ") && text.contains("is not max_over_mean"));
        assertThat(fails(changed(l -> new LayerPlan(l.layer(), l.physicalToLogical(), l.balancedness(), l.maxOverMean(),
                l.lowerBound(), l.gap(), Optional.of(Bound.Term.HOTTEST_EXPERT))), TRACE))
                .anyMatch(text -> text.startsWith("layer 3: bound_term is hottest_expert, recomputed "));
        // Other slots for the same figures: the balance is another one, or a group is torn.
        assertThat(fails(changed(l -> new LayerPlan(l.layer(), ContiguousPlanner.layout(8, 12), l.balancedness(),
                l.maxOverMean(), l.lowerBound(), l.gap(), l.boundTerm())), TRACE))
                .contains("layer 3: group 1 lies on nodes 0 and 1");
        assertThat(fails(changed(l -> new LayerPlan(l.layer(), new int[12], l.balancedness(), l.maxOverMean(),
                l.lowerBound(), l.gap(), l.boundTerm())), TRACE)).containsExactly("layer 3: expert 1 has no slot");
        assertThat(fails(PLAN, TestLoads.trace(new Random(8), new int[]{3, 5}, 8, 4)))
                .anyMatch(text -> text.endsWith("it is another recording"));
        assertThat(fails(PLAN, TRACE.slice(0, 3)))
                .containsExactly("the recording has 3 steps of 8 experts, the plan was made on 4 of 8: it is another"
                        + " recording");
    }

    @Test
    void requirementsAreChecked() {
        PlanProblem problem = PlanProblem.withRedundant(8, 1, 1, 4, 4);
        LoadTrace trace = TestLoads.oneLayer(new int[]{1000, 1, 1, 1, 0, 0, 0, 0});
        Plan plan = Planning.plan(problem, trace, new DeepSeekPlanner(), new Plan.Model("m", "t", 8, 1, 1), "d");
        assertThat(PlanCheck.check(plan, Optional.of(trace)))
                .contains(Finding.note("a GPU holds an expert twice, which wastes a slot, in layer 0"));
        assertThat(fails(demanding(plan, plan.requirements().withDistinct(true)), trace))
                .containsExactly("a GPU holds an expert twice, which wastes a slot, in layer 0");
        PlanProblem doubled = PlanProblem.withRedundant(8, 1, 1, 4, 8);
        Plan contiguous = Planning.plan(doubled, trace, new ContiguousPlanner(), new Plan.Model("m", "t", 8, 1, 1),
                "d");
        // The bounds are those of the lesser demand, so only the layouts are looked at.
        Plan surviving = demanding(contiguous, contiguous.requirements().surviving(1, 0));
        assertThat(fails(surviving, Optional.empty())).isEmpty();
        int[] map = contiguous.layers().getFirst().physicalToLogical();
        map[8] = 4;
        assertThat(fails(surviving, Optional.empty()))
                .containsExactly("layer 0: expert 0 lies on 1 GPU only");
        assertThat(fails(demanding(contiguous, contiguous.requirements().surviving(2, 0)), trace))
                .singleElement().asString().startsWith("layer 0: to survive the loss of 2 GPUs each of 8 experts");
        assertThat(fails(demanding(contiguous, contiguous.requirements().withAbsent(List.of(2))), trace))
                .containsExactly("layer 0: expert 4 lies on GPU 2, which is absent");
    }

    private static Plan demanding(Plan plan, Requirements requirements) {
        return new Plan(plan.model(), plan.recording(), plan.topology(), plan.algorithm(), plan.objective(),
                plan.layers(),
                requirements);
    }

    /** The plan with its first layer changed. */
    private static Plan changed(UnaryOperator<LayerPlan> change) {
        List<LayerPlan> layers = new ArrayList<>(PLAN.layers());
        layers.set(0, change.apply(layers.getFirst()));
        return PLAN.withLayers(layers);
    }

    private static List<String> fails(Plan plan, LoadTrace trace) {
        return fails(plan, Optional.of(trace));
    }

    private static List<String> fails(Plan plan, Optional<LoadTrace> trace) {
        return PlanCheck.check(plan, trace).stream()
                .filter(finding -> finding.status() == Finding.Status.FAILS).map(Finding::text).toList();
    }
}
