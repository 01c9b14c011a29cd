package io.moeplan.eplb.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.Topology;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.commons.math3.optim.MaxIter;
import org.apache.commons.math3.optim.linear.LinearConstraint;
import org.apache.commons.math3.optim.linear.LinearConstraintSet;
import org.apache.commons.math3.optim.linear.LinearObjectiveFunction;
import org.apache.commons.math3.optim.linear.NonNegativeConstraint;
import org.apache.commons.math3.optim.linear.Relationship;
import org.apache.commons.math3.optim.linear.SimplexSolver;
import org.apache.commons.math3.optim.nonlinear.scalar.GoalType;
import org.junit.jupiter.api.Test;

class EvenestSplitTest {
    private static final Dispatch LP = new LeastMaximum();

    @Test
    void byHand() {
        // Expert 0 on GPUs 0 and 1, expert 1 on 1 and 2, expert 2 on 2 alone, expert 3 on 0 alone.
        Layout layout = new Layout(new Topology(1, 3, 2), 4, new int[]{0, 3, 0, 1, 1, 2});
        assertThat(load(layout, 9, 3, 0, 0)).containsExactly(4.5, 4.5, 3);
        assertThat(load(layout, 6, 2, 1, 0)).containsExactly(3, 3, 3);
        assertThat(load(layout, 0, 0, 7, 2)).containsExactly(2, 0, 7);
        assertThat(load(layout, 1, 1, 9, 0)).containsExactly(1, 1, 9);
        assertThat(load(layout, 0, 0, 0, 0)).containsExactly(0, 0, 0);
    }

    @Test
    void theMaximumIsTheLinearProgrammes() {
        Random random = new Random(1);
        for (int i = 0; i < 300; i++) {
            PlanProblem problem = TestLoads.problem(random);
            Layout layout = DispatchTest.layout(problem, random);
            int[] counts = TestLoads.counts(random, problem.experts());
            double[] load = load(layout, counts);
            assertThat(max(load)).isCloseTo(byLinearProgram(layout, counts), within(1e-6));
        }
    }

    @Test
    void noOtherSplitIsMoreEven() {
        // The most even loads have the least sum of squares. Frank and Wolfe's method, which knows nothing of flows, comes
        // as close to it as its steps allow.
        Random random = new Random(2);
        for (int i = 0; i < 40; i++) {
            PlanProblem problem = TestLoads.problem(random);
            Layout layout = DispatchTest.layout(problem, random);
            int[] counts = TestLoads.counts(random, problem.experts());
            double[] load = load(layout, counts);
            double[] other = DispatchTest.load(new EvenSplit(), layout, LayerStep.of(counts, 0));
            for (int step = 1; step <= 2000; step++) {
                double[] corner = allToTheEmptiest(layout, counts, other);
                double share = 2.0 / (step + 2);
                for (int g = 0; g < other.length; g++) {
                    other[g] += share * (corner[g] - other[g]);
                }
            }
            assertThat(squares(load)).isLessThanOrEqualTo(squares(other) * (1 + 1e-12));
            assertThat(squares(load)).isCloseTo(squares(other), within(0.01 * squares(other)));
        }
    }

    @Test
    void neverFullerThanAnyOtherRuleNorBelowTheBound() {
        Random random = new Random(3);
        for (int i = 0; i < 2000; i++) {
            PlanProblem problem = TestLoads.problem(random);
            Layout layout = DispatchTest.layout(problem, random);
            int[] counts = TestLoads.counts(random, problem.experts());
            double least = max(load(layout, counts));
            for (Dispatch rule : Dispatch.all()) {
                double[] load = DispatchTest.load(rule, layout, LayerStep.of(counts, 0));
                assertThat(max(load)).as(rule.name()).isGreaterThanOrEqualTo(least - 1e-9 * least);
            }
            assertThat(least).isGreaterThanOrEqualTo(Arrays.stream(counts).sum() / (double) layout.topology().gpus());
            for (int expert = 0; expert < counts.length; expert++) {
                assertThat(least).isGreaterThanOrEqualTo((double) counts[expert] / layout.replicas(expert));
            }
        }
    }

    @Test
    void oneDispatchServesManySteps() {
        Random random = new Random(4);
        PlanProblem problem = PlanProblem.withSlotsPerGpu(24, 1, 2, 8, 5);
        Layout layout = DispatchTest.layout(problem, random);
        LayerDispatch many = LP.on(layout);
        double[] load = new double[8];
        for (int step = 0; step < 200; step++) {
            int[] counts = TestLoads.counts(random, 24);
            many.gpuLoad(LayerStep.of(counts, 0), load);
            assertThat(load).containsExactly(load(layout, counts));
        }
    }

    private static double[] load(Layout layout, int... counts) {
        return DispatchTest.load(LP, layout, LayerStep.of(counts, 0));
    }

    private static double max(double[] load) {
        return Arrays.stream(load).max().orElseThrow();
    }

    private static double squares(double[] load) {
        return Arrays.stream(load).map(l -> l * l).sum();
    }

    private static double[] allToTheEmptiest(Layout layout, int[] counts, double[] load) {
        double[] corner = new double[load.length];
        for (int expert = 0; expert < counts.length; expert++) {
            int emptiest = layout.gpu(expert, 0);
            for (int r = 1; r < layout.replicas(expert); r++) {
                emptiest = load[layout.gpu(expert, r)] < load[emptiest] ? layout.gpu(expert, r) : emptiest;
            }
            corner[emptiest] += counts[expert];
        }
        return corner;
    }

    /** Minimises t, with what each replica takes as the other variables. */
    private static double byLinearProgram(Layout layout, int[] counts) {
        int slots = layout.topology().slots();
        double[] least = new double[slots + 1];
        least[slots] = 1;
        List<LinearConstraint> constraints = new ArrayList<>();
        for (int expert = 0; expert < counts.length; expert++) {
            double[] row = new double[slots + 1];
            for (int r = 0; r < layout.replicas(expert); r++) {
                row[layout.slot(expert, r)] = 1;
            }
            constraints.add(new LinearConstraint(row, Relationship.EQ, counts[expert]));
        }
        for (int gpu = 0; gpu < layout.topology().gpus(); gpu++) {
            double[] row = new double[slots + 1];
            int first = gpu * layout.topology().slotsPerGpu();
            Arrays.fill(row, first, first + layout.topology().slotsPerGpu(), 1);
            row[slots] = -1;
            constraints.add(new LinearConstraint(row, Relationship.LEQ, 0));
        }
        return new SimplexSolver().optimize(new MaxIter(100_000), new LinearObjectiveFunction(least, 0),
                new LinearConstraintSet(constraints), GoalType.MINIMIZE, new NonNegativeConstraint(true)).getValue();
    }
}
