package io.moeplan.eplb.export;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.planner.DeepSeekMaps;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The three maps that DeepSeek's {@code rebalance_experts} returns, as one JSON object; layers are MoE layers in order.
 * An expert's replicas are listed in the order of their slots.
 */
public record DeepSeekExporter() implements Exporter {
    @Override
    public String name() {
        return "deepseek";
    }

    @Override
    public String suggestedFileName() {
        return "deepseek-eplb-maps.json";
    }

    @Override
    public void validate(Plan plan) {
        Plans.requireSound(plan, "the reference");
    }

    @Override
    public Export render(Plan plan) {
        validate(plan);
        DeepSeekMaps maps = DeepSeekMaps.of(Plans.maps(plan), plan.model().experts());
        String logicalToPhysical = Arrays.stream(maps.logicalToPhysical()).map(Arrays::deepToString)
                .collect(Collectors.joining(",\n", "[\n", "\n]"));
        return new Export("{\"physical_to_logical_map\": " + Plans.rows(maps.physicalToLogical())
                + ",\n\"logical_to_physical_map\": " + logicalToPhysical + ",\n\"expert_count\": "
                + Plans.rows(maps.expertCount()) + "}\n", List.of());
    }

    @Override
    public String howToLoad(Plan plan, Path file) {
        return Plans.lines(List.of(
                "import json, torch; maps = json.load(open(" + Plans.json(file.toString()) + "))",
                "phy2log, log2phy, logcnt = (torch.tensor(maps[k]) for k in (\"physical_to_logical_map\","
                        + " \"logical_to_physical_map\", \"expert_count\"))",
                "These stand in for what eplb.rebalance_experts returns for " + plan.topology().slots()
                        + " replicas on " + plan.topology().gpus() + " GPUs in " + plan.topology().nodes()
                        + " nodes; row i is MoE layer i, which the model numbers "
                        + plan.layers().stream().map(l -> String.valueOf(l.layer())).collect(Collectors.joining(", "))
                        + "."));
    }
}
