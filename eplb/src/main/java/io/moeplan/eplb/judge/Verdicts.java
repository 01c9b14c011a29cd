package io.moeplan.eplb.judge;

import io.moeplan.eplb.planner.ContiguousPlanner;
import java.util.Locale;

/** Says whether a plan is worth loading. */
public final class Verdicts {
    /**
     * Max / mean at and below which better balance saves no time: kernels work in tiles and hide that much. Measured
     * thresholds lie at 1.03 to 1.10 on H20 and far higher on some H800 set-ups, so this is a cautious one, used where
     * nobody has measured ({@link SimulationResult#withDeadZone}).
     */
    public static final double DEAD_ZONE = 1.05;
    /** Gain from which a plan is worth loading. */
    public static final double APPLY_FROM = 0.05;
    /** Gain from which it is worth a thought. */
    public static final double MARGINAL_FROM = 0.01;

    private Verdicts() {}

    /**
     * The verdict on a replayed plan. All GPUs wait for the fullest, so the time of the MoE layers follows max / mean
     * weighted by tokens; see {@link #gain}. A gain whose interval includes none at all is marginal at most.
     */
    public static Verdict of(SimulationResult result) {
        double before = result.before().overall().weighted();
        double after = result.after().overall().weighted();
        double gain = gain(before, after, result.deadZone());
        boolean unsure = result.interval().isPresent() && result.interval().get().gain().low() <= 0;
        Verdict.Word word = word(gain) == Verdict.Word.APPLY && unsure ? Verdict.Word.MARGINAL : word(gain);
        return new Verdict(word, gain, reason(before, after, gain, result));
    }

    /**
     * Share of the MoE time saved: {@code 1 - max(after, 1.05) / max(before, 1.05)}.
     *
     * @param before max / mean weighted by tokens
     * @param after  the same with the plan
     */
    static double gain(double before, double after) {
        return gain(before, after, DEAD_ZONE);
    }

    /** The same with another dead zone. */
    static double gain(double before, double after, double deadZone) {
        return 1 - Math.max(after, deadZone) / Math.max(before, deadZone);
    }

    private static Verdict.Word word(double gain) {
        if (gain >= APPLY_FROM) {
            return Verdict.Word.APPLY;
        }
        return gain >= MARGINAL_FROM ? Verdict.Word.MARGINAL : Verdict.Word.LEAVE;
    }

    private static String reason(double before, double after, double gain, SimulationResult result) {
        String other = result.before().layout().equals(ContiguousPlanner.NAME)
                ? "the engine's default layout"
                : "the layout loaded now";
        String figures = String.format(Locale.ROOT,
                "The fullest GPU carries %.2f times the mean load with this plan, %.2f times with %s", after, before,
                other);
        return figures + ", " + judgedOn(result.holdout()) + ": " + meaning(before, after, gain, result.deadZone())
                + "."
                + result.interval().map(GainInterval::gain).map(interval -> doubt(gain, interval)).orElse("");
    }

    private static String meaning(double before, double after, double gain, double deadZone) {
        if (before <= deadZone && after <= deadZone) {
            return "kernels hide an imbalance of up to " + deadZone + ", so there is nothing to gain";
        }
        if (before == after) {
            return "that is the same";
        }
        if (gain < 0) {
            return String.format(Locale.ROOT, "the plan would make the MoE layers take %.1f %% more time", -100 * gain);
        }
        String saving = String.format(Locale.ROOT, "the MoE layers are predicted to take %.1f %% less time",
                100 * gain);
        return switch (word(gain)) {
            case APPLY -> saving;
            case MARGINAL -> saving + ", little enough to measure before keeping it";
            case LEAVE -> saving + ", too little to be worth loading a plan";
        };
    }

    /** How sure the gain is; nothing where all resamples say the same. */
    private static String doubt(double gain, Interval interval) {
        if (interval.low() == interval.high()) {
            return "";
        }
        String range = String.format(Locale.ROOT, " The 95 %% interval of the gain is %.1f %% to %.1f %%",
                100 * interval.low(), 100 * interval.high());
        return range + (word(gain) == Verdict.Word.LEAVE ? hope(interval) : risk(word(gain), interval)) + ".";
    }

    private static String hope(Interval interval) {
        return interval.high() < MARGINAL_FROM
                ? ""
                : String.format(Locale.ROOT,
                        ": its upper end is above the %.0f %% from which a plan is worth a thought",
                        100 * MARGINAL_FROM);
    }

    private static String risk(Verdict.Word word, Interval interval) {
        if (interval.low() <= 0) {
            return ", which includes no gain at all: measure before keeping the plan";
        }
        double threshold = word == Verdict.Word.APPLY ? APPLY_FROM : MARGINAL_FROM;
        return interval.low() >= threshold
                ? ""
                : String.format(Locale.ROOT, ": its lower end is below the %.0f %% from which a plan is %s",
                        100 * threshold, word == Verdict.Word.APPLY ? "worth loading" : "worth a thought");
    }

    private static String judgedOn(Holdout holdout) {
        String steps = holdout.judgedSteps() == 1 ? "1 step" : holdout.judgedSteps() + " steps";
        if (holdout.planSteps() == 0) {
            return "judged on " + steps + (holdout.replayed() ? " replayed from requests" : "")
                    + ", none of which it was planned on";
        }
        if (holdout.replayed()) {
            return holdout.unseen()
                    ? "judged on " + steps + " replayed from requests held out from planning"
                    : "judged on " + steps + " replayed from requests it was planned on (nothing held out, so this"
                            + " flatters the plan)";
        }
        return holdout.unseen()
                ? "judged on " + steps + " held out from planning"
                : "judged on the same " + steps + " it was planned on (nothing held out, so this flatters the plan)";
    }
}
