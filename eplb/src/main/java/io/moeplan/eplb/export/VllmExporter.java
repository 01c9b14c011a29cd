package io.moeplan.eplb.export;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * vLLM's proposed {@code eplb_config.initial_expert_map_path} (pull request #49572): a JSON list with the
 * physical-to-logical ids of each MoE layer, in the order of the layers, or one list for all of them.
 *
 * @param oneList whether to write one list for all layers; they must be laid out alike then
 */
public record VllmExporter(boolean oneList) implements Exporter {
    /** A list for each layer. */
    public VllmExporter() {
        this(false);
    }

    @Override
    public String name() {
        return "vllm";
    }

    @Override
    public String suggestedFileName() {
        return "vllm-expert-map.json";
    }

    @Override
    public void validate(Plan plan) {
        Plans.requireSound(plan, "vLLM");
        int[] first = plan.layers().getFirst().physicalToLogical();
        for (LayerPlan layer : plan.layers()) {
            if (oneList && !Arrays.equals(first, layer.physicalToLogical())) {
                throw new IllegalArgumentException("one list for all layers needs layers that are laid out alike, but"
                        + " layer " + layer.layer() + " differs from layer " + plan.layers().getFirst().layer()
                        + ": write a list per layer");
            }
        }
    }

    @Override
    public Export render(Plan plan) {
        validate(plan);
        return new Export(oneList
                ? Arrays.toString(plan.layers().getFirst().physicalToLogical()) + "\n"
                : Plans.rows(Plans.maps(plan)) + "\n", List.of());
    }

    @Override
    public String howToLoad(Plan plan, Path file) {
        String config = "{\"num_redundant_experts\": " + Plans.redundant(plan) + ", \"initial_expert_map_path\": "
                + Plans.json(file.toString()) + ", \"step_interval\": 1000000000}";
        return Plans.lines(List.of(
                "vllm serve MODEL --enable-expert-parallel --enable-eplb --eplb-config " + Plans.quoted(config),
                "No released vLLM loads an offline map: initial_expert_map_path is what pull request #49572 proposes, and"
                        + " this file is in its format. Without that patch vLLM refuses the key; without --enable-eplb"
                        + " the map is not used.",
                "The tensor-parallel size times the data-parallel size must be " + plan.topology().gpus()
                        + ". The long step_interval keeps vLLM from replacing the map with its own.",
                "Other proposals take other files: #53022 (expert_map_path, slots per layer) and #34811"
                        + " (--expert-placement-file, no replicas)."));
    }
}
