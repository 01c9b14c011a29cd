package io.moeplan.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Run facts as JSON. */
final class RunJson {
    private RunJson() {}

    static ObjectNode node(RunFacts run) {
        ObjectNode node = JsonReport.object().put("tool_version", run.toolVersion()).put("complete", run.complete());
        RunFacts.Model model = run.model();
        node.putObject("model").put("name", model.name()).put("model_type", model.type()).put("layers", model.layers())
                .put("experts", model.experts()).put("top_k", model.topK());
        RunFacts.Source source = run.source();
        node.putObject("source").put("engine", source.engine()).put("device", source.device())
                .put("precision", source.precision()).put("mode", source.mode());
        RunFacts.Workload workload = run.workload();
        ArrayNode tags = node.putObject("workload").put("digest", workload.digest())
                .put("requests", workload.requests()).put("tokens", workload.tokens()).put("steps", workload.steps())
                .putArray("tags");
        workload.tags().forEach(tag -> tags.addObject().put("tag", tag.tag()).put("requests", tag.requests()));
        node.putNull("timing");
        if (run.timing() != null) {
            node.putObject("timing").put("load_seconds", run.timing().loadSeconds())
                    .put("prefill_seconds", run.timing().prefillSeconds())
                    .put("tokens_per_second", run.timing().tokensPerSecond());
        }
        return node;
    }
}
