package io.moeplan.eplb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class PlanProblemTest {
    @Test
    void gpusAreThoseOfAllNodes() {
        PlanProblem problem = PlanProblem.withRedundant(256, 8, 4, 32, 32);
        assertThat(problem.topology()).isEqualTo(new Topology(4, 8, 9));
        assertThat(problem.redundant()).isEqualTo(32);
        assertThat(problem.hierarchical()).isTrue();
        assertThat(problem).isEqualTo(PlanProblem.withSlotsPerGpu(256, 8, 4, 32, 9));
        assertThat(PlanProblem.withRedundant(24, 3, 2, 8, 8).hierarchical()).isFalse();
    }

    @Test
    void slotsThatDoNotDivideNameTheNeighbours() {
        refused(() -> PlanProblem.withRedundant(32, 1, 1, 8, 3),
                "32 experts + 3 redundant = 35 slots do not divide by 8 GPUs: use --redundant 0 or 8, or --spare fill or empty");
        refused(() -> PlanProblem.withRedundant(30, 1, 1, 8, 0),
                "30 experts + 0 redundant = 30 slots do not divide by 8 GPUs: use --redundant 2, or --spare fill or empty");
    }

    @Test
    void gpusThatDoNotDivideOverTheNodesNameTheNeighbours() {
        refused(() -> PlanProblem.withRedundant(32, 1, 3, 8, 0),
                "8 GPUs (--gpus counts those of all nodes) do not divide over 3 nodes: use --gpus 6 or 9");
        refused(() -> PlanProblem.withSlotsPerGpu(32, 1, 4, 2, 16),
                "2 GPUs (--gpus counts those of all nodes) do not divide over 4 nodes: use --gpus 4");
    }

    @Test
    void tooFewSlotsNameTheFewestThatDo() {
        refused(() -> PlanProblem.withSlotsPerGpu(60, 1, 1, 8, 7),
                "8 GPUs x 7 slots = 56 slots do not hold 60 experts: use --slots-per-gpu 8 or more");
    }

    @Test
    void tooManySlotsNameTheMost() {
        refused(() -> PlanProblem.withRedundant(8, 1, 1, 4, 28), "8 experts + 28 redundant = 36 slots would put two"
                + " replicas of an expert on one GPU: use at most --redundant 24");
        refused(() -> PlanProblem.withSlotsPerGpu(8, 1, 1, 4, 9), "9 slots per GPU for 8 experts would put two replicas"
                + " of an expert on one GPU: use at most --slots-per-gpu 8 (--redundant 24)");
        assertThat(PlanProblem.withRedundant(8, 1, 1, 4, 24).topology().slotsPerGpu()).isEqualTo(8);
        refused(() -> PlanProblem.withRedundant(8, 1, 1, 4, Integer.MAX_VALUE), "8 experts + 2147483647 redundant ="
                + " 2147483655 slots would put two replicas of an expert on one GPU: use at most --redundant 24");
    }

    @Test
    void groupsMustDivideTheExperts() {
        refused(() -> PlanProblem.withRedundant(32, 5, 1, 8, 0),
                "32 experts do not divide into 5 groups: use --groups 1 or a divisor of 32");
    }

    @Test
    void nothingIsNegativeOrZero() {
        refused(() -> PlanProblem.withRedundant(32, 1, 1, 8, -8), "--redundant -8 is negative: use 0 or more");
        refused(() -> PlanProblem.withRedundant(0, 1, 1, 8, 8), "a plan needs at least 1 of its experts, got 0");
        refused(() -> PlanProblem.withRedundant(32, 0, 1, 8, 0), "a plan needs at least 1 of its groups, got 0");
        refused(() -> PlanProblem.withRedundant(32, 1, 0, 8, 0), "a plan needs at least 1 of its nodes, got 0");
        refused(() -> PlanProblem.withRedundant(32, 1, 1, 0, 0), "a plan needs at least 1 of its GPUs, got 0");
        refused(() -> PlanProblem.withSlotsPerGpu(32, 1, 1, 8, 0),
                "a plan needs at least 1 of its slots per GPU, got 0");
        refused(() -> PlanProblem.withSlotsPerGpu(32, 1, 1, 1 << 16, 1 << 16),
                "65536 GPUs x 65536 slots are more than can be numbered");
    }

    private static void refused(ThrowingCallable request, String message) {
        assertThatThrownBy(request).isInstanceOf(ImpossiblePlanException.class).hasMessage(message);
    }
}
