package io.moeplan.eplb.export;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.planner.ContiguousPlanner;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * SGLang's {@code --init-expert-location}: {@code {"physical_to_logical_map": [layers][slots]}}, where layers are all
 * decoder layers. Dense layers get the contiguous row, which SGLang never looks at. SGLang takes the same as a PyTorch
 * archive, and goes by the file's name: {@code .json} or {@code .pt}.
 *
 * @param decoderLayers the model's decoder layers; if unknown, those up to the plan's last MoE layer
 */
public record SglangExporter(OptionalInt decoderLayers) implements Exporter {
    /** The key of the map in its file. */
    public static final String KEY = "physical_to_logical_map";

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
        return new Export("{\"" + KEY + "\": " + Plans.rows(map(plan)) + "}\n", notes(plan));
    }

    /**
     * The map that the file holds, {@code [decoder layers][slots]}; validates the plan first.
     *
     * @throws IllegalArgumentException as {@link #validate} does
     */
    public int[][] map(Plan plan) {
        validate(plan);
        int[][] map = new int[rows(plan)][];
        Arrays.fill(map, ContiguousPlanner.layout(plan.model().experts(), plan.topology().slots()));
        for (LayerPlan layer : plan.layers()) {
            map[layer.layer()] = layer.physicalToLogical();
        }
        return map;
    }

    /** As {@link Export#notes()}. */
    public List<String> notes(Plan plan) {
        int rows = rows(plan);
        return decoderLayers.isPresent()
                ? List.of()
                : List.of("SGLang wants a row for every decoder layer: took the model to have " + rows
                        + ", its last MoE layer being number " + (rows - 1));
    }

    private int rows(Plan plan) {
        return decoderLayers.orElse(plan.layers().getLast().layer() + 1);
    }

    @Override
    public String howToLoad(Plan plan, Path file) {
        int gpus = plan.topology().gpus();
        List<String> lines = new ArrayList<>(List.of(
                "python -m sglang.launch_server --model-path MODEL --tp-size " + gpus + " --ep-size " + gpus
                        + " --ep-num-redundant-experts " + Plans.redundant(plan) + " --init-expert-location "
                        + Plans.quoted(file.toString()) + " --ep-dispatch-algorithm " + dispatch(plan),
                "The map has " + rows(plan) + " rows, one per decoder layer, and " + plan.topology().slots()
                        + " slots: SGLang takes it only with exactly this --ep-size and"
                        + " --ep-num-redundant-experts, and a row for each of the model's decoder layers.",
                "The plan was made for dispatch " + plan.dispatch() + "; without --ep-dispatch-algorithm SGLang takes"
                        + " static.",
                "SGLang ignores the map in silence for models whose class has no get_model_config_for_expert_location.",
                "Leave --enable-eplb off, or SGLang replaces the map with its own after a while."));
        if (!file.toString().endsWith(".json") && !file.toString().endsWith(".pt")) {
            lines.add("SGLang tells what a file is by its name: rename this one to end in .json before it is loaded.");
        }
        return Plans.lines(lines);
    }

    /** SGLang's name for the rule that the plan was made for; {@code dynamic} is the even split on average. */
    private static String dispatch(Plan plan) {
        return switch (plan.dispatch()) {
            case "static", "lp" -> plan.dispatch();
            default -> "dynamic";
        };
    }
}
