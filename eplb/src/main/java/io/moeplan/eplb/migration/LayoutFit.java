package io.moeplan.eplb.migration;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.planfile.Finding;
import io.moeplan.eplb.planfile.PlanCheck;
import java.util.List;
import java.util.Optional;

/** Whether a layout keeps to all that a problem asks for. */
final class LayoutFit {
    private LayoutFit() {}

    static boolean serves(PlanProblem problem, int[] map) {
        if (map.length != problem.topology().slots()) {
            return false;
        }
        Plan plan = new Plan(new Plan.Model(null, null, problem.experts(), 0, problem.groups()),
                new Plan.Recording(null, 0, 0), problem.topology(), "any", "none",
                List.of(new LayerPlan(0, map, 1, 1, 1, 0)), problem.requirements());
        List<Finding> findings = PlanCheck.check(plan, Optional.empty());
        return PlanCheck.holds(findings);
    }
}
