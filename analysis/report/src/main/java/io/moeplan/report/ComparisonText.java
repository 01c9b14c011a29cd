package io.moeplan.report;

import static io.moeplan.report.Numbers.figure;
import static io.moeplan.report.Numbers.integer;
import static io.moeplan.report.Numbers.percent;
import static io.moeplan.report.Terminal.clean;
import static io.moeplan.report.Terminal.fit;
import static io.moeplan.report.Terminal.wrap;

import io.moeplan.eplb.Bound;
import io.moeplan.eplb.SpareSlots;
import io.moeplan.eplb.compare.Baseline;
import io.moeplan.eplb.compare.Candidate;
import io.moeplan.eplb.compare.Comparison;
import io.moeplan.eplb.compare.ComparisonRow.Impossible;
import io.moeplan.eplb.compare.ComparisonRow.Judged;
import io.moeplan.eplb.compare.Slots;
import io.moeplan.eplb.compare.Target;
import io.moeplan.eplb.judge.Holdout;
import io.moeplan.eplb.traffic.TrafficFigures;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** A comparison for the terminal: what the plans are worth, what they cost, and why the verdict is what it is. */
final class ComparisonText {
    private static final String UNKNOWN = "-";

    private ComparisonText() {}

    static String render(ComparisonReport report) {
        StringBuilder text = new StringBuilder(wrap("Comparison, dispatch " + clean(report.dispatch()), 0));
        List<Judged> judged = report.judged();
        text.append(steps(report.holdout(), judged));
        if (!judged.isEmpty()) {
            text.append('\n').append(worth(judged)).append('\n').append(cost(judged)).append('\n')
                    .append(legend(report)).append('\n').append(reasons(judged));
        }
        if (!report.impossible().isEmpty()) {
            text.append("\nImpossible\n").append(impossible(report.impossible()));
        }
        if (!report.targets().isEmpty()) {
            text.append("\nTarget\n");
            report.targets().forEach(target -> text.append(wrap(target(target), 2)));
        }
        return text.toString();
    }

    /** Replayed steps are others for each number of GPUs. */
    private static String steps(Holdout holdout, List<Judged> rows) {
        SequencedMap<Integer, Judged> sizes = new LinkedHashMap<>();
        rows.stream().filter(row -> !row.origin().isEmpty())
                .forEach(row -> sizes.putIfAbsent(row.candidate().gpus(), row));
        if (sizes.isEmpty()) {
            return wrap(Words.holdout(holdout), 0);
        }
        return sizes.values().stream().map(row -> wrap(Numbers.count(row.candidate().gpus(), "GPU") + ": "
                + row.origin() + "; " + Words.holdout(row.simulation().holdout()), 0)).collect(Collectors.joining());
    }

    private static String worth(List<Judged> rows) {
        TextTable table = new TextTable("lrrrrrrrrrl", "planner", "GPUs", "redundant", "balanced", "max/mean", "p99",
                "gap", "gain", "95 % interval", "same slots", "verdict");
        for (Judged row : rows) {
            Candidate candidate = row.candidate();
            table.row(name(candidate), integer(candidate.gpus()), redundant(row),
                    figure(row.balancedness()), figure(row.maxOverMean()), figure(row.p99()),
                    percent(row.certificate().meanGap()), percent(row.verdict().gain()), interval(row),
                    percent(row.sameSlots()),
                    row.verdict().word().name().toLowerCase(Locale.ROOT));
        }
        return table.render();
    }

    private static String cost(List<Judged> rows) {
        TextTable table = new TextTable("lrrrrrrrrl", "planner", "GPUs", "redundant", "slots", "moves", "moved",
                "memory/GPU", "to GPUs", "to nodes", "bound set by (layers)");
        for (Judged row : rows) {
            Candidate candidate = row.candidate();
            table.row(name(candidate), integer(candidate.gpus()), redundant(row),
                    integer(row.plan().topology().slotsPerGpu()), integer(row.moves().moves()),
                    percent(row.moves().share()),
                    row.memoryPerGpu().isPresent() ? Numbers.bytes(row.memoryPerGpu().getAsLong()) : UNKNOWN,
                    traffic(row.traffic(), TrafficFigures::gpus), traffic(row.traffic(), TrafficFigures::nodes),
                    binding(row));
        }
        return table.render();
    }

    /** For example {@code 3+1}: three as asked for, and one that fills a spare slot. */
    private static String redundant(Judged row) {
        Integer asked = ComparisonCsv.askedRedundant(row.candidate());
        return asked == null || asked == row.redundant()
                ? integer(row.redundant())
                : integer(asked) + "+" + integer(row.redundant() - asked);
    }

    private static String name(Candidate candidate) {
        return fit(clean(candidate.planner()), 12);
    }

    private static String interval(Judged row) {
        return row.simulation().interval().map(interval -> Words.range(interval.gain())).orElse(UNKNOWN);
    }

    private static String traffic(Optional<TrafficFigures> traffic, ToDoubleFunction<TrafficFigures> figure) {
        return traffic.map(figures -> Numbers.times(figure.applyAsDouble(figures))).orElse(UNKNOWN);
    }

    /** The most frequent term; a table has no room for all of them. */
    private static String binding(Judged row) {
        Map<Bound.Term, Integer> layers = row.binding();
        return layers.entrySet().stream().max(Map.Entry.comparingByValue()).map(most -> {
            int others = layers.values().stream().mapToInt(count -> count).sum() - most.getValue();
            return Words.term(most.getKey()) + " " + most.getValue() + (others > 0 ? ", others " + others : "");
        }).orElse(UNKNOWN);
    }

    private static String legend(ComparisonReport report) {
        List<Judged> rows = report.judged();
        StringBuilder legend = new StringBuilder();
        legend.append(wrap("balanced: vLLM's balancedness, mean / max; max/mean, weighted by tokens; p99: of max/mean"
                + " over steps. All over the judged steps; 1 is even.", 2));
        legend.append(wrap("gap: how far the plan is above the lower bound on the steps planned on, mean over layers;"
                + " what sets that bound in most layers is said last.", 2));
        legend.append(wrap("gain: share of the time of MoE layers saved against the layout before; verdict and interval"
                + " are of this one. Before: " + clean(befores(rows))
                + ". moves: replicas to load from there, moved: their share.", 2));
        legend.append(wrap("same slots: the gain against the engine's default layout in as many slots as the plan has,"
                + " as simulate says it; rows with other redundancies do not compare by it.", 2));
        if (rows.stream().anyMatch(row -> redundant(row).contains("+"))) {
            legend.append(wrap("redundant: 3+1 is 3 as asked for and 1 that fills a slot which whole slots per GPU"
                    + " leave over (--spare fill).", 2));
        }
        legend.append(wrap("slots: on each GPU.", 2));
        legend.append(wrap(memory(report), 2));
        if (rows.stream().allMatch(row -> row.traffic().isEmpty())) {
            legend.append(
                    wrap("to GPUs, to nodes: not measured (takes a per-token recording, and no --no-traffic).", 2));
        } else {
            legend.append(
                    wrap("to GPUs, to nodes: distinct ones that a token is sent to in a layer, mean over layers.", 2));
        }
        return legend.toString();
    }

    /** What each number of GPUs is held against; what is the same for several is said once. */
    private static String befores(List<Judged> rows) {
        SequencedMap<String, SequencedSet<Integer>> sizes = new LinkedHashMap<>();
        rows.forEach(row -> sizes.computeIfAbsent(before(row.baseline()), what -> new LinkedHashSet<>())
                .add(row.candidate().gpus()));
        return sizes.entrySet().stream().map(before -> before.getKey() + " on "
                + before.getValue().stream().map(String::valueOf).collect(Collectors.joining(" and "))
                + (before.getValue().equals(Set.of(1)) ? " GPU" : " GPUs")).collect(Collectors.joining("; "));
    }

    private static String before(Baseline baseline) {
        return (baseline.layout().equals(Comparison.CURRENT)
                ? "the plan loaded now"
                : "the engine's default (" + baseline.layout() + ") with as little redundancy as the GPUs allow")
                + ", " + baseline.redundant() + " redundant";
    }

    private static String memory(ComparisonReport report) {
        String what = "memory/GPU: weights of the redundant replicas in all layers, mean over GPUs; ";
        return what + (report.bytesPerExpert().isPresent()
                ? "an expert has " + Numbers.bytes(report.bytesPerExpert().getAsLong()) + " in each layer."
                : "unknown without --model or --expert-bytes.");
    }

    private static String reasons(List<Judged> rows) {
        StringBuilder text = new StringBuilder("Why\n");
        for (Judged row : rows) {
            text.append(wrap(clean(row.candidate() + ", " + row.verdict().word().name().toLowerCase(Locale.ROOT) + ": "
                    + row.verdict().reason()), 2));
        }
        return text.toString();
    }

    /** Planners that refuse the same thing for the same reason share a paragraph. */
    private static String impossible(List<Impossible> rows) {
        SequencedMap<Impossible, List<String>> planners = new LinkedHashMap<>();
        for (Impossible row : rows) {
            Candidate any = new Candidate("", row.candidate().gpus(), row.candidate().slots());
            planners.computeIfAbsent(new Impossible(any, row.reason()), key -> new ArrayList<>())
                    .add(row.candidate().planner());
        }
        return planners.entrySet().stream().map(entry -> {
            Candidate candidate = entry.getKey().candidate();
            return wrap(clean(Numbers.count(candidate.gpus(), "GPU") + ", " + candidate.slots() + " ("
                    + String.join(", ", entry.getValue()) + "): " + entry.getKey().reason()), 2);
        }).collect(Collectors.joining());
    }

    private static String target(Target target) {
        String wanted = clean(target.planner()) + ", " + Numbers.count(target.gpus(), "GPU") + ": ";
        String aim = "balancedness " + figure(target.balancedness());
        if (target.reached().isEmpty()) {
            return wanted + "no redundancy reaches " + aim + " on the judged steps"
                    + target.below().map(best -> "; the best, " + option(best) + ", reaches "
                            + figure(best.balancedness())).orElse("")
                    + ".";
        }
        Judged reached = target.reached().get();
        return wanted + option(reached) + " reaches " + aim + " on the judged steps ("
                + figure(reached.balancedness()) + ")" + target.below().map(below -> "; " + option(below)
                        + " does not (" + figure(below.balancedness()) + ")").orElse(", as little as there can be")
                + ".";
    }

    private static String option(Judged row) {
        boolean empty = row.candidate().slots() instanceof Slots.Redundant(int _, Optional<SpareSlots> spare)
                && spare.equals(Optional.of(SpareSlots.EMPTY));
        return "--redundant " + row.redundant() + (empty ? " --spare empty" : "");
    }
}
