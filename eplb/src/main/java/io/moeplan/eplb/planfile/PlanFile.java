package io.moeplan.eplb.planfile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanSummary;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.dispatch.EvenSplit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Plan files: JSON, a layer per line so that two of them can be diffed.
 *
 * <p>{@code requirements}, {@code dispatch} and a layer's {@code slots_per_gpu} are written only where they are not the
 * usual ones, slots that
 * are empty as -1. The {@code summary} is for readers of the file; {@link #read} takes the layers' own figures.
 */
public final class PlanFile {
    static final String FORMAT = "moeplan-plan";
    static final int VERSION = 1;

    private static final ObjectMapper JSON = new ObjectMapper();

    private PlanFile() {}

    /**
     * Writes a plan, whole or not at all.
     *
     * @throws IOException              if the file cannot be written
     * @throws IllegalArgumentException if the plan has no layers
     */
    public static void write(Plan plan, Path file) throws IOException {
        AtomicFile.write(file, render(plan));
    }

    /**
     * Reads a plan and checks all of it: format and version, that every layer fills the slots that are to be filled with
     * experts that exist, each at least once, and that the figures are such.
     *
     * @throws PlanFileException if the file cannot be read or is no such plan; one line names the file and the JSON path
     */
    public static Plan read(Path file) throws IOException {
        return PlanReader.read(file);
    }

    /** The text of a plan file. */
    public static String render(Plan plan) {
        if (plan.layers().isEmpty()) {
            throw new IllegalArgumentException("a plan without layers has nothing to write");
        }
        ObjectNode head = JSON.createObjectNode();
        head.put("format", FORMAT);
        head.put("version", VERSION);
        head.putObject("model").put("name", plan.model().name()).put("type", plan.model().type())
                .put("experts", plan.model().experts()).put("top_k", plan.model().topK())
                .put("groups", plan.model().groups());
        head.putObject("recording").put("digest", plan.recording().digest()).put("steps", plan.recording().steps())
                .put("tokens", plan.recording().tokens());
        Topology topology = plan.topology();
        head.putObject("topology").put("nodes", topology.nodes()).put("gpus_per_node", topology.gpusPerNode())
                .put("slots_per_gpu", topology.slotsPerGpu());
        Requirements usual = Requirements.usual(topology, plan.model().groups());
        if (!plan.requirements().equals(usual)) {
            head.set("requirements", requirements(plan.requirements()));
        }
        head.put("algorithm", plan.algorithm());
        head.putObject("objective").put("name", plan.objective());
        if (!plan.dispatch().equals(new EvenSplit().name())) {
            head.put("dispatch", plan.dispatch());
        }
        String fields = head.properties().stream().map(field -> text(field.getKey()) + ":" + text(field.getValue()))
                .collect(Collectors.joining(",\n"));
        return "{" + fields + ",\n\"layers\":[\n" + layers(plan) + "],\n\"summary\":"
                + text(summary(PlanSummary.of(plan))) + "}\n";
    }

    private static ObjectNode requirements(Requirements requirements) {
        ObjectNode node = JSON.createObjectNode();
        node.put("empty_slots", requirements.empty());
        node.set("absent_gpus", JSON.valueToTree(requirements.absent()));
        node.put("groups", name(requirements.groups())).put("distinct_replicas", requirements.distinct())
                .put("lost_gpus", requirements.lostGpus()).put("lost_nodes", requirements.lostNodes());
        return node;
    }

    static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static String layers(Plan plan) {
        return plan.layers().stream().map(layer -> layer(plan, layer)).collect(Collectors.joining(",\n"));
    }

    private static String layer(Plan plan, LayerPlan layer) {
        ObjectNode node = JSON.createObjectNode();
        node.put("layer", layer.layer());
        if (plan.topology(layer).slotsPerGpu() != plan.topology().slotsPerGpu()) {
            node.put("slots_per_gpu", plan.topology(layer).slotsPerGpu());
        }
        node.set("physical_to_logical", JSON.valueToTree(layer.physicalToLogical()));
        node.put("balancedness", layer.balancedness()).put("max_over_mean", layer.maxOverMean())
                .put("lower_bound", layer.lowerBound()).put("gap", layer.gap());
        layer.boundTerm().ifPresent(term -> node.put("bound_term", name(term)));
        return text(node);
    }

    private static ObjectNode summary(PlanSummary summary) {
        ObjectNode node = JSON.createObjectNode();
        node.putObject("max_over_mean").put("mean", summary.meanMaxOverMean()).put("worst", summary.worstMaxOverMean());
        node.putObject("balancedness").put("mean", summary.meanBalancedness()).put("worst",
                summary.worstBalancedness());
        node.putObject("gap").put("mean", summary.meanGap()).put("worst", summary.worstGap());
        return node;
    }

    private static String text(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values is always JSON", e);
        }
    }
}
