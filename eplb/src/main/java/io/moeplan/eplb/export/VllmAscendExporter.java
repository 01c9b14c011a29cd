package io.moeplan.eplb.export;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.planner.DistinctReplicas;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * vllm-ascend's {@code expert_map_path}: JSON with the experts of each device in each MoE layer; {@code layer_id} counts
 * MoE layers from 0.
 *
 * <p>A device holds an expert at most once. Where a plan has it twice (DeepSeek's planner may), slots are swapped by
 * {@link DistinctReplicas}, and a note says so; a caller that has the loads gets a better result by
 * {@link DistinctReplicas#repair(Plan, io.moeplan.eplb.LoadTrace)} beforehand.
 */
public record VllmAscendExporter() implements Exporter {
    @Override
    public String name() {
        return "vllm-ascend";
    }

    @Override
    public String suggestedFileName() {
        return "vllm-ascend-expert-map.json";
    }

    @Override
    public void validate(Plan plan) {
        Plans.requireSound(plan, "vllm-ascend");
        if (plan.topology().slotsPerGpu() > plan.model().experts()) {
            throw new IllegalArgumentException("vllm-ascend holds an expert at most once per device, so at most "
                    + plan.model().experts() + " slots per GPU; the plan has " + plan.topology().slotsPerGpu());
        }
    }

    @Override
    public Export render(Plan plan) {
        validate(plan);
        List<String> layers = new ArrayList<>();
        List<Integer> mended = new ArrayList<>();
        int changed = 0;
        for (LayerPlan layer : plan.layers()) {
            int[] map = DistinctReplicas.repair(plan.topology(), plan.model().experts(), layer.physicalToLogical());
            int differences = differences(map, layer.physicalToLogical());
            if (differences > 0) {
                mended.add(layer.layer());
                changed += differences;
            }
            layers.add(layer(layers.size(), map, plan.topology()));
        }
        String content = "{\"moe_layer_count\": " + layers.size() + ", \"layer_list\": [\n" + String.join(",\n", layers)
                + "\n]}\n";
        return new Export(content, notes(mended, changed));
    }

    private static List<String> notes(List<Integer> mended, int changed) {
        if (mended.isEmpty()) {
            return List.of();
        }
        return List.of("vllm-ascend holds an expert at most once per device: changed " + changed + " slots in "
                + (mended.size() == 1 ? "layer " : "layers ")
                + String.join(", ", mended.stream().map(String::valueOf).toList())
                + ", so this map's balance may differ a little from the plan's");
    }

    private static int differences(int[] map, int[] original) {
        int differences = 0;
        for (int slot = 0; slot < map.length; slot++) {
            differences += map[slot] == original[slot] ? 0 : 1;
        }
        return differences;
    }

    private static String layer(int index, int[] map, Topology topology) {
        List<String> devices = new ArrayList<>();
        for (int gpu = 0; gpu < topology.gpus(); gpu++) {
            int from = gpu * topology.slotsPerGpu();
            int[] experts = Arrays.copyOfRange(map, from, from + topology.slotsPerGpu());
            devices.add("{\"device_id\": " + gpu + ", \"device_expert\": " + Arrays.toString(experts) + "}");
        }
        return "{\"layer_id\": " + index + ", \"device_count\": " + topology.gpus() + ", \"device_list\": ["
                + String.join(", ", devices) + "]}";
    }

    @Override
    public String howToLoad(Plan plan, Path file) {
        String config = "{\"eplb_config\": {\"expert_map_path\": " + Plans.json(file.toString()) + "}}";
        List<String> lines = new ArrayList<>(List.of(
                "vllm serve MODEL --enable-expert-parallel --additional-config " + Plans.quoted(config),
                "The tensor-parallel size times the data-parallel size must be " + plan.topology().gpus()
                        + ". A static map needs no environment variable.",
                "Where it cannot read the file, vllm-ascend falls back to its default layout in silence: give a path that"
                        + " every rank sees.",
                "Only Model Runner V1 reads it; Model Runner V2 (VLLM_USE_V2_MODEL_RUNNER=1) refuses static maps."));
        if (Plans.redundant(plan) > 0) {
            lines.add("The map has " + Plans.redundant(plan)
                    + " redundant experts, which vllm-ascend does not support on A2 devices.");
        }
        return Plans.lines(lines);
    }
}
