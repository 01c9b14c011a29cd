package io.moeplan.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.judge.Balance;
import io.moeplan.eplb.judge.GainInterval;
import io.moeplan.eplb.judge.Holdout;
import io.moeplan.eplb.judge.Interval;
import io.moeplan.eplb.judge.LayoutBalance;
import io.moeplan.eplb.judge.SimulationResult;
import io.moeplan.eplb.judge.Verdict;
import java.util.Locale;

/** Plans and their replay as JSON. */
final class PlanJson {
    private PlanJson() {}

    static ObjectNode plan(Plan plan) {
        ObjectNode node = JsonReport.object().put("algorithm", plan.algorithm()).put("objective", plan.objective())
                .put("planned_for_dispatch", plan.dispatch());
        node.putObject("topology").put("nodes", plan.topology().nodes())
                .put("gpus_per_node", plan.topology().gpusPerNode())
                .put("slots_per_gpu", plan.topology().slotsPerGpu());
        node.putObject("recording").put("digest", plan.recording().digest()).put("steps", plan.recording().steps())
                .put("tokens", plan.recording().tokens());
        ArrayNode layers = node.putArray("layers");
        for (LayerPlan layer : plan.layers()) {
            layers.addObject().put("layer", layer.layer()).put("balancedness", layer.balancedness())
                    .put("max_over_mean", layer.maxOverMean()).put("lower_bound", layer.lowerBound())
                    .put("gap", layer.gap());
        }
        return node;
    }

    static ObjectNode simulation(PlanReport report) {
        ObjectNode node = JsonReport.object().put("algorithm", report.plan().algorithm())
                .put("dispatch", report.simulation().dispatch());
        node.set("holdout", holdout(report.simulation().holdout()));
        node.put("replay", report.origin().isEmpty() ? null : report.origin());
        node.set("verdict", verdict(report.verdict(), report.simulation()));
        node.set("before", layout(report.simulation().before(), report.plan()));
        node.set("after", layout(report.simulation().after(), report.plan()));
        return node;
    }

    static ObjectNode holdout(Holdout holdout) {
        return JsonReport.object().put("unseen", holdout.unseen()).put("fraction", holdout.fraction())
                .put("plan_steps", holdout.planSteps()).put("judged_steps", holdout.judgedSteps())
                .put("plan_tokens", holdout.planTokens()).put("judged_tokens", holdout.judgedTokens())
                .put("replayed", holdout.replayed());
    }

    /** The verdict with the intervals it rests on; {@code interval} is null if there are too few steps for one. */
    static ObjectNode verdict(Verdict verdict, SimulationResult simulation) {
        ObjectNode node = JsonReport.object().put("word", verdict.word().name().toLowerCase(Locale.ROOT))
                .put("gain", verdict.gain()).put("reason", verdict.reason());
        node.set("interval", simulation.interval().map(PlanJson::interval).orElse(null));
        return node;
    }

    private static ObjectNode interval(GainInterval interval) {
        ObjectNode node = JsonReport.object().put("level", interval.level()).put("resamples", interval.resamples())
                .put("steps", interval.steps()).put("block_steps", interval.blockSteps());
        range(node.putObject("weighted_before"), interval.before());
        range(node.putObject("weighted_after"), interval.after());
        range(node.putObject("gain"), interval.gain());
        return node;
    }

    private static void range(ObjectNode node, Interval interval) {
        node.put("low", interval.low()).put("high", interval.high());
    }

    private static ObjectNode layout(LayoutBalance layout, Plan plan) {
        ObjectNode node = JsonReport.object().put("layout", layout.layout());
        node.set("overall", balance(layout.overall()));
        ArrayNode layers = node.putArray("layers");
        for (int layer = 0; layer < plan.layers().size(); layer++) {
            ObjectNode one = layers.addObject().put("layer", plan.layers().get(layer).layer());
            one.setAll(balance(layout.layers().get(layer)));
        }
        node.set("gpu_tokens_per_step", JsonArrays.of(layout.gpuLoad()));
        return node;
    }

    private static ObjectNode balance(Balance balance) {
        ObjectNode node = JsonReport.object();
        Definition.ALL.forEach(definition -> node.put(definition.key(), definition.value().applyAsDouble(balance)));
        return node;
    }
}
