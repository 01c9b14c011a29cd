package io.moeplan.eplb.export;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.planner.ContiguousPlanner;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * SGLang's {@code --init-expert-location}: {@code {"physical_to_logical_map": [layers][slots]}}, where layers are all
 * decoder layers. Dense layers get the contiguous row, which SGLang never looks at.
 *
 * @param decoderLayers the model's decoder layers; if unknown, those up to the plan's last MoE layer
 */
public record SglangExporter(OptionalInt decoderLayers) implements Exporter {
    @Override
    public String name() {
        return "sglang";
    }

    @Override
    public String suggestedFileName() {
        return "sglang-expert-location.json";
    }

    @Override
    public void validate(Plan plan) {
        Plans.requireSound(plan, "SGLang");
        int last = plan.layers().getLast().layer();
        if (decoderLayers.isPresent() && decoderLayers.getAsInt() <= last) {
            throw new IllegalArgumentException("the model is said to have " + decoderLayers.getAsInt()
                    + " decoder layers, but the plan has MoE layer " + last + " (layers count from 0)");
        }
    }

    @Override
    public Export render(Plan plan) {
        validate(plan);
        int rows = rows(plan);
        int[][] map = new int[rows][];
        Arrays.fill(map, ContiguousPlanner.layout(plan.model().experts(), plan.topology().slots()));
        for (LayerPlan layer : plan.layers()) {
            map[layer.layer()] = layer.physicalToLogical();
        }
        List<String> notes = decoderLayers.isPresent()
                ? List.of()
                : List.of("SGLang wants a row for every decoder layer: took the model to have " + rows
                        + ", its last MoE layer being number " + (rows - 1));
        return new Export("{\"physical_to_logical_map\": " + Plans.rows(map) + "}\n", notes);
    }

    private int rows(Plan plan) {
        return decoderLayers.orElse(plan.layers().getLast().layer() + 1);
    }

    @Override
    public String howToLoad(Plan plan, Path file) {
        int gpus = plan.topology().gpus();
        return Plans.lines(List.of(
                "python -m sglang.launch_server --model-path MODEL --tp-size " + gpus + " --ep-size " + gpus
                        + " --ep-num-redundant-experts " + Plans.redundant(plan) + " --init-expert-location "
                        + Plans.quoted(file.toString()) + " --ep-dispatch-algorithm dynamic",
                "The map has " + rows(plan) + " rows, one per decoder layer, and " + plan.topology().slots()
                        + " slots: SGLang takes it only with exactly this --ep-size and"
                        + " --ep-num-redundant-experts, and a row for each of the model's decoder layers.",
                "--ep-dispatch-algorithm dynamic sends each token to a random replica, which is the even split the"
                        + " plan assumes.",
                "Leave --enable-eplb off, or SGLang replaces the map with its own after a while."));
    }
}
