package io.moeplan.eplb.planfile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.moeplan.eplb.Bound;
import io.moeplan.eplb.GroupPlacement;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.LayoutCheck;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.EvenSplit;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads and checks plan files. */
final class PlanReader {
    private static final JsonMapper JSON = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    /** Layer numbers are 16 bit in recordings too; exporters make a row for each up to the last. */
    private static final int LAST_LAYER = Short.MAX_VALUE;

    private PlanReader() {}

    static Plan read(Path file) throws IOException {
        JsonPlace root = parse(file);
        String format = root.field("format").text();
        if (!format.equals(PlanFile.FORMAT)) {
            throw root.field("format").fault("\"" + format + "\" is not \"" + PlanFile.FORMAT + "\"");
        }
        long version = root.field("version").integer(1, Long.MAX_VALUE);
        if (version != PlanFile.VERSION) {
            throw root.field("version")
                    .fault(version + " is newer than this build reads (" + PlanFile.VERSION + "): update moeplan");
        }
        Plan.Model model = model(root.field("model"));
        JsonPlace recording = root.field("recording");
        Plan.Recording planned = new Plan.Recording(recording.field("digest").textOrNull(),
                recording.field("steps").integer(0, Integer.MAX_VALUE),
                recording.field("tokens").integer(0L, Long.MAX_VALUE));
        Topology topology = topology(root.field("topology"), model.experts());
        Requirements requirements = root.has("requirements")
                ? requirements(root.field("requirements"), topology)
                : Requirements.usual(topology, model.groups());
        Plan plan = new Plan(model, planned, topology, root.field("algorithm").text(),
                root.field("objective").field("name").text(), List.of(), requirements,
                dispatch(root));
        return plan.withLayers(layers(root.field("layers"), plan));
    }

    private static JsonPlace parse(Path file) throws IOException {
        JsonNode root = tree(file);
        if (root.isMissingNode()) {
            throw new PlanFileException(file + ": is empty, so no plan file");
        }
        return new JsonPlace(file, "$", root);
    }

    private static JsonNode tree(Path file) throws IOException {
        try {
            return JSON.readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            String place = e.getLocation() == null
                    ? ""
                    : ": line " + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr();
            // What Jackson adds about the start of what is not closed says nothing of the file.
            String cause = e.getOriginalMessage().lines().findFirst().orElse("").replaceFirst(" \\(start marker.*", "");
            throw new PlanFileException(file + place + ": is not JSON: " + cause, e);
        } catch (NoSuchFileException e) {
            throw new PlanFileException(file + ": there is no such file", e);
        } catch (CharacterCodingException e) {
            throw new PlanFileException(file + ": is not UTF-8 text, so not a plan file", e);
        } catch (IOException e) {
            throw new PlanFileException(file + ": cannot be read: " + AtomicFile.reason(e), e);
        }
    }

    private static Plan.Model model(JsonPlace model) throws PlanFileException {
        int experts = model.field("experts").integer(1, Integer.MAX_VALUE);
        return new Plan.Model(model.field("name").textOrNull(), model.field("type").textOrNull(), experts,
                model.field("top_k").integer(0, experts), model.field("groups").integer(1, experts));
    }

    private static Topology topology(JsonPlace topology, int experts) throws PlanFileException {
        int nodes = topology.field("nodes").integer(1, Integer.MAX_VALUE);
        int gpus = topology.field("gpus_per_node").integer(1, Integer.MAX_VALUE / nodes);
        int slots = topology.field("slots_per_gpu").integer(1, Integer.MAX_VALUE / nodes / gpus);
        Topology read = new Topology(nodes, gpus, slots);
        if (read.slots() < experts) {
            throw topology.fault("its " + read.slots() + " slots do not hold " + experts + " experts");
        }
        return read;
    }

    /** Plans of old were made for the even split. */
    private static String dispatch(JsonPlace root) throws PlanFileException {
        if (!root.has("dispatch")) {
            return new EvenSplit().name();
        }
        String name = root.field("dispatch").text();
        try {
            return Dispatch.named(name).name();
        } catch (IllegalArgumentException e) {
            throw root.field("dispatch").fault(e.getMessage());
        }
    }

    private static Requirements requirements(JsonPlace requirements, Topology topology) throws PlanFileException {
        JsonPlace absent = requirements.field("absent_gpus");
        if (absent.size() >= topology.gpus()) {
            throw absent.fault("leaves none of " + topology.gpus() + " GPUs");
        }
        List<Integer> gpus = new ArrayList<>();
        for (int i = 0; i < absent.size(); i++) {
            gpus.add(absent.item(i).integer(0, topology.gpus() - 1));
        }
        return new Requirements(requirements.field("empty_slots").integer(0, topology.slots()), gpus,
                requirements.field("groups").constant(GroupPlacement.class),
                requirements.field("distinct_replicas").flag(),
                requirements.field("lost_gpus").integer(0, topology.gpus()),
                requirements.field("lost_nodes").integer(0, topology.nodes()));
    }

    /** @param plan what the file says before its layers */
    private static List<LayerPlan> layers(JsonPlace layers, Plan plan) throws PlanFileException {
        if (layers.size() == 0) {
            throw layers.fault("has no layers");
        }
        List<LayerPlan> read = new ArrayList<>();
        int previous = -1;
        for (int i = 0; i < layers.size(); i++) {
            LayerPlan layer = layer(layers.item(i), plan);
            if (layer.layer() <= previous) {
                throw layers.item(i).field("layer")
                        .fault("layer " + layer.layer() + " comes after layer " + previous + ": layers must ascend");
            }
            previous = layer.layer();
            read.add(layer);
        }
        return List.copyOf(read);
    }

    private static LayerPlan layer(JsonPlace layer, Plan plan) throws PlanFileException {
        Topology topology = plan.topology();
        if (layer.has("slots_per_gpu")) {
            int most = Integer.MAX_VALUE / topology.gpus();
            topology = topology.withSlotsPerGpu(layer.field("slots_per_gpu").integer(1, most));
        }
        JsonPlace slots = layer.field("physical_to_logical");
        int[] map = new int[slots.size()];
        for (int slot = 0; slot < map.length; slot++) {
            map[slot] = slots.item(slot).integer(Integer.MIN_VALUE, Integer.MAX_VALUE);
        }
        Optional<LayoutCheck.Fault> fault = LayoutCheck.find(topology, plan.model().experts(), plan.requirements(),
                map);
        if (fault.isPresent()) {
            JsonPlace place = fault.get().slot() < 0 ? slots : slots.item(fault.get().slot());
            throw place.fault(fault.get().message());
        }
        Optional<Bound.Term> term = layer.has("bound_term")
                ? Optional.of(layer.field("bound_term").constant(Bound.Term.class))
                : Optional.empty();
        return new LayerPlan(layer.field("layer").integer(0, LAST_LAYER), map,
                layer.field("balancedness").number(0, 1), layer.field("max_over_mean").number(1, Double.MAX_VALUE),
                layer.field("lower_bound").number(1, Double.MAX_VALUE),
                layer.field("gap").number(0, Double.MAX_VALUE), term);
    }
}
