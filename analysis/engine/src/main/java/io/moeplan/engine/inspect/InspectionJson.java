package io.moeplan.engine.inspect;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Router;
import io.moeplan.engine.model.StoredWeights;
import java.util.List;

/** An {@link Inspection} for machines: bytes, seconds, and FLOP without prefixes. */
public final class InspectionJson {
    private InspectionJson() {}

    /** One object; {@code weights} is null where there are none. */
    public static String of(Inspection inspection) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        Architecture architecture = inspection.architecture();
        root.put("name", inspection.name()).put("model_type", architecture.modelType())
                .put("lacks", inspection.family().lacks()).put("layers", architecture.layers().size());
        ArrayNode routing = root.putArray("moe_layers");
        for (int layer : architecture.moeLayers()) {
            routing.add(layer);
        }
        experts(root, architecture.sparse(architecture.moeLayers()[0]));
        ArrayNode attention = root.putArray("attention");
        Describe.attention(architecture)
                .forEach((kind, layers) -> attention.addObject().put("kind", kind).put("layers", layers));
        root.put("hidden", architecture.hidden()).put("vocabulary", architecture.vocabulary())
                .put("tied_head", architecture.tiedHead()).put("max_positions", architecture.maxPositions())
                .put("parameters", inspection.work().parameters())
                .put("active_parameters", inspection.work().activeParameters())
                .put("flop_per_token", inspection.work().flops())
                .put("flop_request_tokens", Inspection.Needs.REQUEST);
        if (inspection.weights().isPresent()) {
            weights(root.putObject("weights"), inspection, inspection.weights().get());
        } else {
            root.putNull("weights");
        }
        return root.put("tokenizer", inspection.tokenizer()).put("chat_template", inspection.chatTemplate())
                .toPrettyString();
    }

    private static void experts(ObjectNode root, FeedForward.Sparse sparse) {
        Router router = sparse.router();
        root.put("experts", router.experts()).put("top_k", router.topK()).put("expert_width", sparse.width())
                .put("groups", router.groups().map(Router.Groups::count).orElse(1))
                .put("groups_kept", router.groups().map(Router.Groups::kept).orElse(1))
                .put("router", Describe.router(router))
                .put("shared_width", sparse.shared().map(FeedForward.Shared::width).orElse(0));
    }

    private static void weights(ObjectNode into, Inspection inspection, StoredWeights weights) {
        Inspection.Needs needs = inspection.needs().orElseThrow();
        into.put("bytes", weights.bytes());
        ArrayNode layers = into.putArray("layer_bytes");
        for (long bytes : weights.layerBytes()) {
            layers.add(bytes);
        }
        into.put("other_bytes", weights.otherBytes());
        parts(into.putArray("formats"), weights.formats());
        parts(into.putArray("not_read"), weights.ignored());
        into.put("memory_minimum_bytes", needs.minimumBytes())
                .put("memory_comfortable_bytes", needs.comfortableBytes()).put("pass_bytes", weights.passBytes())
                .put("read_bytes_per_second", needs.rate().bytesPerSecond()).put("read_rate", needs.rate().source())
                .put("pass_seconds", inspection.passSeconds());
    }

    private static void parts(ArrayNode into, List<StoredWeights.Part> parts) {
        parts.forEach(part -> into.addObject().put("what", part.what()).put("tensors", part.tensors())
                .put("bytes", part.bytes()));
    }
}
