package io.moeplan.recording.maps;

import com.fasterxml.jackson.databind.JsonNode;
import io.moeplan.eplb.dispatch.Engine;
import io.moeplan.eplb.export.SglangExporter;
import io.moeplan.tensors.Printable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What each engine's map looks like as a tree. */
final class MapFormats {
    private static final String PHYSICAL = SglangExporter.KEY;
    private static final String ASSIGNMENTS = "initial_global_assignments";
    private static final String RANKS = "expert_to_ep_rank";
    private static final int MOST_LAYERS = 1 << 15;
    /** Lists of fewer experts than these could as well be counts. */
    private static final int FEWEST_TOLD = 8;

    private final Path file;
    private final JsonNode tree;

    MapFormats(Path file, JsonNode tree) {
        this.file = file;
        this.tree = tree;
    }

    /** What a map of an engine's looks like, for messages. */
    static String expected(Engine engine) {
        return switch (engine) {
            case SGLANG -> "JSON or a .pt archive with \"" + PHYSICAL + "\" [decoder layers][slots]";
            case DEEPSEEK ->
                "\"" + PHYSICAL + "\" [MoE layers][slots] in JSON or a .pt archive, or that matrix alone as"
                        + " .json, .npy or .pt";
            case VLLM -> "a JSON list of experts, or one per MoE layer, or {\"" + RANKS + "\": [...]}";
            case VLLM_ASCEND -> "JSON with \"moe_layer_count\" and \"layer_list\"";
            case TENSORRT_LLM -> "YAML with \"num_slots\" and \"" + ASSIGNMENTS + "\"";
        };
    }

    /** The map, if it is one beyond doubt: bare lists could be counts. */
    Optional<EngineMap> any() throws IOException {
        if (tree.has("layer_list")) {
            return of(Engine.VLLM_ASCEND);
        }
        if (loadBalancer().has(ASSIGNMENTS)) {
            return of(Engine.TENSORRT_LLM);
        }
        if (tree.has(PHYSICAL)) {
            boolean deepseek = tree.has("logical_to_physical_map") || tree.has("expert_count");
            return of(deepseek ? Engine.DEEPSEEK : Engine.SGLANG);
        }
        boolean flatList = tree.isArray() && tree.path(0).isIntegralNumber();
        return tree.has(RANKS) || flatList || isNoCounts() ? of(Engine.VLLM) : Optional.empty();
    }

    /** Whether every list of a list has each expert: counts of so many experts would not, but by a miracle. */
    private boolean isNoCounts() {
        int experts = 0;
        for (JsonNode row : tree.isArray() ? tree : List.<JsonNode>of()) {
            for (JsonNode expert : row) {
                if (!expert.isInt() || expert.intValue() < 0 || expert.intValue() >= row.size()) {
                    return false;
                }
                experts = Math.max(experts, expert.intValue() + 1);
            }
        }
        if (experts < FEWEST_TOLD) {
            return false;
        }
        for (JsonNode row : tree) {
            BitSet held = new BitSet(experts);
            row.forEach(expert -> held.set(expert.intValue()));
            if (held.cardinality() != experts) {
                return false;
            }
        }
        return true;
    }

    /** The map as that engine reads it; empty if it is none of its. */
    Optional<EngineMap> of(Engine engine) throws IOException {
        return Optional.ofNullable(switch (engine) {
            case SGLANG -> tree.has(PHYSICAL) ? matrix(engine, PHYSICAL, tree.get(PHYSICAL)) : null;
            case DEEPSEEK -> tree.has(PHYSICAL)
                    ? matrix(engine, PHYSICAL, tree.get(PHYSICAL))
                    : tree.isArray() ? matrix(engine, "the map", tree) : null;
            case VLLM -> vllm();
            case VLLM_ASCEND -> tree.has("layer_list") ? ascend(tree.get("layer_list")) : null;
            case TENSORRT_LLM -> loadBalancer().has(ASSIGNMENTS) ? tensorRtLlm(loadBalancer()) : null;
        });
    }

    /** A load balancer's settings may stand in a file of their own or inside the server's. */
    private JsonNode loadBalancer() {
        for (String place : new String[]{"/moe_config/load_balancer", "/load_balancer"}) {
            if (tree.at(place).isObject()) {
                return tree.at(place);
            }
        }
        return tree;
    }

    private EngineMap matrix(Engine engine, String where, JsonNode rows) throws IOException {
        return new EngineMap(file, engine, EngineMaps.rows(engine), null, rows(where, rows), 0);
    }

    private EngineMap vllm() throws IOException {
        if (tree.has(RANKS)) {
            return byRank(tree.get(RANKS));
        }
        if (!tree.isArray()) {
            return null;
        }
        if (tree.path(0).isArray()) {
            return new EngineMap(file, Engine.VLLM, EngineMap.Rows.MOE_LAYERS, null, rows("the map", tree), 0);
        }
        int[][] one = {experts("the map", tree)};
        return new EngineMap(file, Engine.VLLM, EngineMap.Rows.ALL_ALIKE, null, one, 0);
    }

    /** Ranks of experts without replicas: a rank's slots hold its experts in order. */
    private EngineMap byRank(JsonNode ranks) throws IOException {
        boolean perLayer = ranks.path(0).isArray();
        int[][] of = perLayer ? rows(RANKS, ranks) : new int[][]{experts(RANKS, ranks)};
        int gpus = Arrays.stream(of).flatMapToInt(Arrays::stream).max().orElse(-1) + 1;
        int[][] slots = new int[of.length][];
        for (int row = 0; row < of.length; row++) {
            slots[row] = slots(of[row], gpus);
        }
        return new EngineMap(file, Engine.VLLM, perLayer ? EngineMap.Rows.MOE_LAYERS : EngineMap.Rows.ALL_ALIKE, null,
                slots, gpus);
    }

    private int[] slots(int[] ranks, int gpus) throws IOException {
        int[] held = new int[gpus];
        for (int rank : ranks) {
            held[rank]++;
        }
        for (int rank = 0; rank < gpus; rank++) {
            if (held[rank] * (long) gpus != ranks.length) {
                throw new IOException(file + ": " + RANKS + ": rank " + rank + " holds " + held[rank] + " of "
                        + ranks.length + " experts, others hold other numbers: expected as many on each of " + gpus);
            }
        }
        int[] slots = new int[ranks.length];
        int[] next = new int[gpus];
        for (int expert = 0; expert < ranks.length; expert++) {
            int rank = ranks[expert];
            slots[rank * held[rank] + next[rank]++] = expert;
        }
        return slots;
    }

    private EngineMap ascend(JsonNode layers) throws IOException {
        requireArray("layer_list", layers);
        int gpus = layers.path(0).path("device_list").size();
        int[][] slots = new int[layers.size()][];
        for (int i = 0; i < slots.length; i++) {
            String where = "layer_list[" + i + "]";
            int id = whole(where + ".layer_id", layers.get(i).path("layer_id"), MOST_LAYERS);
            if (id >= slots.length || slots[id] != null) {
                throw new IOException(file + ": " + where + ".layer_id is " + id + ", expected each of 0 to "
                        + (slots.length - 1) + " once");
            }
            slots[id] = devices(where + ".device_list", layers.get(i).path("device_list"), gpus);
        }
        JsonNode count = tree.path("moe_layer_count");
        if (!count.isMissingNode() && count.asInt(-1) != slots.length) {
            throw new IOException(file + ": moe_layer_count is " + Printable.of(count.toString())
                    + ", but layer_list has " + slots.length);
        }
        return new EngineMap(file, Engine.VLLM_ASCEND, EngineMap.Rows.MOE_LAYERS, null, slots, gpus);
    }

    private int[] devices(String where, JsonNode devices, int gpus) throws IOException {
        requireArray(where, devices);
        if (devices.size() != gpus) {
            throw new IOException(file + ": " + where + " has " + devices.size() + " devices, the first layer " + gpus);
        }
        int[][] held = new int[gpus][];
        for (int i = 0; i < gpus; i++) {
            int id = whole(where + "[" + i + "].device_id", devices.get(i).path("device_id"), 1 << 20);
            if (id >= gpus || held[id] != null) {
                throw new IOException(
                        file + ": " + where + "[" + i + "].device_id is " + id + ", expected each of 0 to "
                                + (gpus - 1) + " once");
            }
            held[id] = experts(where + "[" + i + "].device_expert", devices.get(i).path("device_expert"));
        }
        for (int id = 0; id < gpus; id++) {
            if (held[id].length != held[0].length) {
                throw new IOException(file + ": " + where + ": device " + id + " holds " + held[id].length
                        + " experts, device 0 holds " + held[0].length + ": expected as many on each");
            }
        }
        return Arrays.stream(held).flatMapToInt(Arrays::stream).toArray();
    }

    private EngineMap tensorRtLlm(JsonNode balancer) throws IOException {
        JsonNode assignments = balancer.get(ASSIGNMENTS);
        if (!assignments.isObject() || assignments.isEmpty()) {
            throw new IOException(file + ": " + ASSIGNMENTS + " is no mapping from layers to lists of experts");
        }
        Map<Integer, int[]> layers = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : assignments.properties()) {
            String where = ASSIGNMENTS + "." + Printable.of(entry.getKey());
            if (!entry.getKey().matches("\\d{1,5}") || Integer.parseInt(entry.getKey()) >= MOST_LAYERS) {
                throw new IOException(file + ": " + where + ": expected the number of a layer");
            }
            layers.put(Integer.parseInt(entry.getKey()), experts(where, entry.getValue()));
        }
        JsonNode told = balancer.path("num_slots");
        for (Map.Entry<Integer, int[]> layer : layers.entrySet()) {
            if (!told.isMissingNode() && told.asInt(-1) != layer.getValue().length) {
                throw new IOException(file + ": layer " + layer.getKey() + " has " + layer.getValue().length
                        + " slots, num_slots is " + Printable.of(told.toString()));
            }
        }
        return new EngineMap(file, Engine.TENSORRT_LLM, EngineMap.Rows.NUMBERED,
                layers.keySet().stream().mapToInt(id -> id).toArray(), layers.values().toArray(int[][]::new), 0);
    }

    private int[][] rows(String where, JsonNode rows) throws IOException {
        requireArray(where, rows);
        int[][] read = new int[rows.size()][];
        for (int i = 0; i < read.length; i++) {
            read[i] = experts(where + "[" + i + "]", rows.get(i));
        }
        return read;
    }

    private int[] experts(String where, JsonNode list) throws IOException {
        requireArray(where, list);
        int[] experts = new int[list.size()];
        for (int i = 0; i < experts.length; i++) {
            experts[i] = whole(where + "[" + i + "]", list.get(i), EngineMap.LAST_EXPERT);
        }
        return experts;
    }

    private int whole(String where, JsonNode value, int most) throws IOException {
        if (!value.isInt() || value.intValue() < 0 || value.intValue() > most) {
            throw new IOException(file + ": " + where + " is "
                    + (value.isMissingNode() ? "missing" : Printable.of(value.toString()))
                    + ", expected a whole number from 0 to " + most);
        }
        return value.intValue();
    }

    private void requireArray(String where, JsonNode value) throws IOException {
        if (!value.isArray() || value.isEmpty()) {
            throw new IOException(file + ": " + where + " is "
                    + (value.isMissingNode() ? "missing" : value.isArray() ? "empty" : "no list")
                    + ", expected a list");
        }
    }
}
