package io.moeplan.eplb.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class VerdictsTest {
    private static final Holdout UNSEEN = new Holdout(0.5, 20, 20, 1000, 1000);

    private static Verdict verdict(double before, double after, Holdout holdout) {
        return Verdicts
                .of(new SimulationResult("even", holdout, layout("contiguous", before), layout("deepseek", after)));
    }

    private static LayoutBalance layout(String name, double weighted) {
        return new LayoutBalance(name, new Balance(0, 0, 0, 0, weighted, 0, 0), List.of(), new double[0][]);
    }

    @Test
    void muchToGainMeansApply() {
        Verdict verdict = verdict(2.0, 1.2, UNSEEN);
        assertThat(verdict.word()).isEqualTo(Verdict.Word.APPLY);
        assertThat(verdict.gain()).isCloseTo(0.4, within(1e-12));
        assertThat(verdict.reason()).isEqualTo("The fullest GPU carries 1.20 times the mean load with this plan, 2.00"
                + " times with the engine's default layout, judged on 20 steps held out from planning: the MoE layers are"
                + " predicted to take 40.0 % less time.");
    }

    @Test
    void belowTheDeadZoneBalanceBuysNothing() {
        assertThat(verdict(2.1, 1.0, UNSEEN).gain()).isCloseTo(0.5, within(1e-12));
        Verdict even = verdict(1.05, 1.0, UNSEEN);
        assertThat(even.word()).isEqualTo(Verdict.Word.LEAVE);
        assertThat(even.gain()).isZero();
        assertThat(even.reason()).endsWith("kernels hide an imbalance of up to 1.05, so there is nothing to gain.");
    }

    @Test
    void littleToGainIsMarginalAndLessIsLeft() {
        assertThat(verdict(1.30, 1.25, UNSEEN).word()).isEqualTo(Verdict.Word.MARGINAL);
        assertThat(verdict(1.30, 1.295, UNSEEN).word()).isEqualTo(Verdict.Word.LEAVE);
        assertThat(verdict(1.30, 1.295, UNSEEN).reason()).contains("0.4 % less time, too little");
        assertThat(verdict(2.0, 1.9, UNSEEN).word()).isEqualTo(Verdict.Word.APPLY);
    }

    @Test
    void aWorsePlanIsCalledWorse() {
        Verdict verdict = verdict(1.25, 1.5, new Holdout(0, 1, 1, 5, 5));
        assertThat(verdict.word()).isEqualTo(Verdict.Word.LEAVE);
        assertThat(verdict.gain()).isCloseTo(-0.2, within(1e-12));
        assertThat(verdict.reason()).contains("judged on the same 1 step it was planned on")
                .endsWith("would make the MoE layers take 20.0 % more time.");
    }

    private static Verdict verdict(double before, double after, double low, double high) {
        Interval any = new Interval(1, 2);
        GainInterval interval = new GainInterval(0.95, 1000, 20, 4, any, any, new Interval(low, high));
        return Verdicts.of(new SimulationResult("even", UNSEEN, layout("contiguous", before),
                layout("deepseek", after), Optional.of(interval)));
    }

    @Test
    void saysHowSureItIs() {
        Verdict sure = verdict(2.0, 1.2, 0.3, 0.5);
        assertThat(sure.word()).isEqualTo(Verdict.Word.APPLY);
        assertThat(sure.reason())
                .endsWith("take 40.0 % less time. The 95 % interval of the gain is 30.0 % to 50.0 %.");
        Verdict doubtful = verdict(2.0, 1.8, 0.04, 0.15);
        assertThat(doubtful.word()).isEqualTo(Verdict.Word.APPLY);
        assertThat(doubtful.reason())
                .endsWith("is 4.0 % to 15.0 %: its lower end is below the 5 % from which a plan is worth loading.");
        assertThat(verdict(1.30, 1.27, 0.005, 0.04).reason())
                .endsWith(": its lower end is below the 1 % from which a plan is worth a thought.");
        assertThat(verdict(1.30, 1.295, -0.01, 0.02).reason())
                .endsWith(": its upper end is above the 1 % from which a plan is worth a thought.");
        assertThat(verdict(1.05, 1.0, 0, 0).reason()).endsWith("there is nothing to gain.");
    }

    @Test
    void aGainThatMayBeNoneIsMarginal() {
        Verdict verdict = verdict(2.0, 1.8, -0.02, 0.2);
        assertThat(verdict.word()).isEqualTo(Verdict.Word.MARGINAL);
        assertThat(verdict.gain()).isCloseTo(0.1, within(1e-12));
        assertThat(verdict.reason()).endsWith("is -2.0 % to 20.0 %, which includes no gain at all: measure before"
                + " keeping the plan.");
        assertThat(verdict(1.30, 1.295, -0.01, 0.005).word()).isEqualTo(Verdict.Word.LEAVE);
    }

    @Test
    void namesWhatItIsHeldAgainst() {
        SimulationResult result = new SimulationResult("even", UNSEEN, layout("current", 2), layout("search", 1));
        assertThat(Verdicts.of(result).reason()).contains("2.00 times with the layout loaded now");
    }
}
