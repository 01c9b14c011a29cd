package io.moeplan.eplb.export;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * TensorRT-LLM's {@code moe_config.load_balancer}: YAML with {@code num_slots},
 * {@code initial_global_assignments: {layer: [expert of slot 0, 1, …]}} by the model's own layer numbers, and
 * {@code layer_updates_per_iter: 0} (static).
 */
public record TensorRtLlmExporter() implements Exporter {
    @Override
    public String name() {
        return "tensorrt-llm";
    }

    @Override
    public String suggestedFileName() {
        return "tensorrt-llm-load-balancer.yaml";
    }

    /** TensorRT-LLM also wants the slots to divide over the ranks: a topology's always do. */
    @Override
    public void validate(Plan plan) {
        Plans.requireSound(plan, "TensorRT-LLM");
    }

    @Override
    public Export render(Plan plan) {
        validate(plan);
        StringBuilder yaml = new StringBuilder();
        yaml.append("num_slots: ").append(plan.topology().slots()).append('\n');
        yaml.append("layer_updates_per_iter: 0\n");
        yaml.append("initial_global_assignments:\n");
        for (LayerPlan layer : plan.layers()) {
            yaml.append("  ").append(layer.layer()).append(": ")
                    .append(Arrays.toString(layer.physicalToLogical())).append('\n');
        }
        List<String> notes = plan.topology().gpus() > 1
                ? List.of()
                : List.of(
                        "the plan is for one GPU: TensorRT-LLM ignores a load balancer unless expert parallelism spans"
                                + " more than one");
        return new Export(yaml.toString(), notes);
    }

    @Override
    public String howToLoad(Plan plan, Path file) {
        int gpus = plan.topology().gpus();
        return Plans.lines(List.of("Put into extra.yaml:",
                "    enable_attention_dp: true",
                "    moe_config:",
                "      load_balancer: " + Plans.json(file.toString()),
                "trtllm-serve MODEL --tp_size " + gpus + " --ep_size " + gpus
                        + " --config extra.yaml    (older versions: --extra_llm_api_options extra.yaml)",
                "TensorRT-LLM silently ignores the file without enable_attention_dp: true and an --ep_size above 1.",
                "num_slots (" + plan.topology().slots() + ") must divide by --ep_size; the plan is for " + gpus + "."));
    }
}
