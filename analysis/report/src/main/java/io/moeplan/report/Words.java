package io.moeplan.report;

import static io.moeplan.report.Numbers.count;
import static io.moeplan.report.Numbers.integer;
import static io.moeplan.report.Numbers.times;

import io.moeplan.eplb.Bound;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.judge.Bootstrap;
import io.moeplan.eplb.judge.GainInterval;
import io.moeplan.eplb.judge.Holdout;
import io.moeplan.eplb.judge.Interval;
import io.moeplan.eplb.judge.SimulationResult;
import io.moeplan.eplb.judge.Verdict;
import io.moeplan.statistics.Analysis;
import io.moeplan.statistics.Drift;
import io.moeplan.statistics.SkewSummary;
import io.moeplan.statistics.TagDifference;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Results in words, the same in every rendering. */
final class Words {
    private Words() {}

    /** The verdict as an instruction. */
    static String headline(Verdict verdict) {
        return switch (verdict.word()) {
            case APPLY -> "Load this plan.";
            case MARGINAL -> "Load this plan if it costs you nothing: the gain is marginal.";
            case LEAVE -> "Leave the default layout: this plan is not worth loading.";
        };
    }

    /** The skew of a recording in a sentence; the steps are where published models lie (CV 1 and above is common). */
    static String skew(SkewSummary summary) {
        double cv = summary.cv().mean();
        return cv < 0.3
                ? "Experts are loaded almost evenly."
                : cv < 1 ? "Experts are loaded unevenly." : "Experts are loaded very unevenly.";
    }

    /** What a plan was made on and judged on. */
    static String holdout(Holdout holdout) {
        if (holdout.planSteps() == 0) {
            return "planned on no recording, judged on " + count(holdout.judgedSteps(), "step")
                    + (holdout.replayed() ? " replayed from requests (" : " (") + integer(holdout.judgedTokens())
                    + " tokens)";
        }
        if (holdout.replayed()) {
            return replay(holdout);
        }
        if (holdout.fraction() == 1) {
            return "planned on " + count(holdout.planSteps(), "step") + " of another recording, judged on all "
                    + count(holdout.judgedSteps(), "step") + " of this one (unseen, " + integer(holdout.judgedTokens())
                    + " tokens)";
        }
        if (!holdout.unseen()) {
            return "planned and judged on the same " + count(holdout.judgedSteps(), "step") + " ("
                    + integer(holdout.judgedTokens())
                    + " tokens): nothing was held out, so the gain is the most this plan can show";
        }
        return "planned on " + range(holdout.planSteps()) + ", judged on the " + count(holdout.judgedSteps(), "step")
                + " after " + (holdout.planSteps() == 1 ? "it" : "them") + " (unseen, "
                + integer(holdout.judgedTokens()) + " tokens)";
    }

    private static String replay(Holdout holdout) {
        String judged = "planned on " + count(holdout.planSteps(), "step") + ", judged on "
                + count(holdout.judgedSteps(), "step") + " replayed from ";
        return holdout.unseen()
                ? judged + "requests not planned on (unseen, " + integer(holdout.judgedTokens()) + " tokens)"
                : judged + "all requests (" + integer(holdout.judgedTokens()) + " tokens), those planned on included:"
                        + " nothing was held out, so the gain is the most this plan can show";
    }

    /** How sure the figures of a replay are; empty if that is not known. */
    static String sure(SimulationResult simulation) {
        return simulation.interval().map(Words::sure)
                .orElseGet(() -> simulation.holdout().judgedSteps() < Bootstrap.FEWEST_STEPS
                        ? "no interval: it takes at least " + Bootstrap.FEWEST_STEPS + " judged steps to say how sure"
                                + " these figures are"
                        : "");
    }

    private static String sure(GainInterval interval) {
        return String.format(Locale.ROOT,
                "%.0f %% intervals (%s resamples in blocks of %s, widened for few or alike steps): max/mean %s to %s before, %s to %s after; gain %s",
                100 * interval.level(), integer(interval.resamples()), count(interval.blockSteps(), "step"),
                Numbers.figure(interval.before().low()), Numbers.figure(interval.before().high()),
                Numbers.figure(interval.after().low()), Numbers.figure(interval.after().high()),
                range(interval.gain()));
    }

    /** An interval of shares, e.g. {@code 1.2 to 3.4 %}. */
    static String range(Interval shares) {
        return String.format(Locale.ROOT, "%.1f to %.1f %%", 100 * shares.low(), 100 * shares.high());
    }

    /** A bound's term in a word or two. */
    static String term(Bound.Term term) {
        return term.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String range(int steps) {
        return steps == 1 ? "step 0" : "steps 0-" + (steps - 1);
    }

    /** The GPUs and slots of a plan; those of absent GPUs and those left empty hold no replicas. */
    static String topology(Plan plan) {
        Topology topology = plan.topology();
        List<Integer> absent = plan.requirements().absent();
        int filled = topology.slots() - plan.requirements().empty() - absent.size() * topology.slotsPerGpu();
        int experts = plan.model().experts();
        return count(topology.nodes(), "node") + ", " + count(topology.gpus(), "GPU")
                + (absent.isEmpty() ? "" : " (absent: " + separated(absent) + ")") + ", "
                + count(topology.slotsPerGpu(), "slot") + " each: "
                + (filled == topology.slots() ? "" : filled + " of ") + topology.slots() + " slots for "
                + count(experts, "expert") + " (" + (filled - experts) + " redundant)";
    }

    private static String separated(List<Integer> numbers) {
        return numbers.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    /** What the tags' differences mean. */
    static String tags(List<TagDifference> tags) {
        if (tags.size() == 1) {
            return "There is one tag only, so there is nothing to compare it with.";
        }
        TagDifference furthest = Collections.max(tags, Comparator.comparingDouble(TagDifference::meanFromRest));
        if (furthest.meanFromRest() < 2 * furthest.meanNoise()) {
            return "No tag differs clearly more than chance: one plan serves all of them.";
        }
        return "\"By chance\" is what samples of this size show without any difference; what is well above it is real."
                + " A plan made on one mix of tags loses balance on another.";
    }

    /** Why there is no drift. */
    static String tooFew(Drift.TooFewSteps few) {
        return "not measured. It takes at least " + Drift.NEEDED_STEPS + " steps with tokens, the recording has "
                + few.steps() + "; record per pass or with smaller steps.";
    }

    /** What the drift means for planning. */
    static String drift(Drift.Measured drift) {
        double above = drift.meanCorrelation()[0] - drift.chance();
        if (above < 0.05) {
            return "Steps deviate from the mean independently of each other: a plan made on the mean is the best there"
                    + " is, and planning on single steps cannot pay.";
        }
        double last = drift.meanCorrelation()[drift.lags().length - 1] - drift.chance();
        String lasting = last > above / 2
                ? "and it still does " + count(drift.lags()[drift.lags().length - 1], "step") + " later"
                : "but it fades with distance";
        return "What a step has above the mean, the next one tends to have too, " + lasting
                + ": load moves in a structured way, and a plan ages.";
    }

    /** Skew within steps beside that of their sum. */
    static String stepSkew(Drift.Measured drift, Analysis analysis) {
        return "Within a single step the hottest expert has " + times(drift.meanStepMaxOverMean())
                + " times the mean (token-weighted, mean over layers), over the whole recording "
                + times(analysis.summary().maxOverMean().mean()) + " times.";
    }
}
