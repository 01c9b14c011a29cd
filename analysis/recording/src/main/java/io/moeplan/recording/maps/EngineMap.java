package io.moeplan.recording.maps;

import io.moeplan.eplb.GroupPlacement;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.Requirements;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.dispatch.Engine;
import io.moeplan.eplb.planner.Planning;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which expert lies in which slot, as an engine's own file says.
 *
 * @param file    where it was read
 * @param engine  whose file it is
 * @param rows    what a row of the map stands for
 * @param numbers the model's number of each row's layer, {@code [rows]}; null unless {@code rows} is {@link Rows#NUMBERED}
 * @param slots   the logical expert in each slot, {@code [rows][slots]}, GPU-major, all rows of one length
 * @param gpus    GPUs that hold the slots, 0 if the file does not say
 */
public record EngineMap(Path file, Engine engine, Rows rows, int[] numbers, int[][] slots, int gpus) {
    /** What the rows of a map stand for. */
    public enum Rows {
        /** Every decoder layer, dense ones included. */
        DECODER_LAYERS("decoder layers"),
        /** MoE layers in order. */
        MOE_LAYERS("MoE layers"),
        /** MoE layers by the model's own numbers. */
        NUMBERED("MoE layers, numbered"),
        /** One row for all layers. */
        ALL_ALIKE("row for all layers");

        private final String words;

        Rows(String words) {
            this.words = words;
        }

        /** In words. */
        public String words() {
            return words;
        }
    }

    /** Highest expert that there may be, as in recordings. */
    static final int LAST_EXPERT = (1 << 16) - 1;

    /** @throws IOException if there are no slots, rows differ in length, or a number is no expert */
    EngineMap checked() throws IOException {
        if (slots.length == 0 || slots[0].length == 0) {
            throw new IOException(file + ": the map has no slots");
        }
        for (int row = 0; row < slots.length; row++) {
            if (slots[row].length != slots[0].length) {
                throw new IOException(file + ": " + rowName(row) + " has " + slots[row].length
                        + " slots, others have " + slots[0].length);
            }
            for (int expert : slots[row]) {
                if (expert < 0 || expert > LAST_EXPERT) {
                    throw new IOException(file + ": " + rowName(row) + " holds " + expert
                            + ", expected experts from 0 to " + LAST_EXPERT);
                }
            }
        }
        if (gpus > 0 && slots[0].length % gpus != 0) {
            throw new IOException(file + ": " + slots[0].length + " slots do not divide by " + gpus + " GPUs");
        }
        return this;
    }

    private String rowName(int row) {
        return numbers == null ? "row " + row : "layer " + numbers[row];
    }

    /** Logical experts: one more than the highest that has a slot. */
    public int experts() {
        return Arrays.stream(slots).flatMapToInt(Arrays::stream).max().orElse(-1) + 1;
    }

    /**
     * The map as a plan, made by nobody for the rule that the engine follows.
     *
     * @param target what it is to be used for
     * @param nodes  nodes that the GPUs are in
     * @param asked  GPUs, 0 to go by the file
     * @throws IOException if the map does not fit: the message says where it differs
     */
    public Plan plan(MapTarget target, int nodes, int asked) throws IOException {
        Topology topology = topology(nodes, asked);
        int experts = target.model().map(Plan.Model::experts).orElse(experts());
        if (experts() > experts) {
            throw new IOException(file + ": the map has expert " + (experts() - 1) + ", " + target.name() + " has "
                    + experts + " per layer");
        }
        int[] layers = target.layers().orElseGet(this::ownNumbers);
        int[] chosen = chosen(target, layers);
        Plan.Model model = target.model().orElse(new Plan.Model(name(), "unknown", experts, 0, 1));
        Requirements free = Requirements.usual(topology, model.groups()).withGroups(GroupPlacement.FREE);
        List<LayerPlan> plans = new ArrayList<>();
        for (int i = 0; i < layers.length; i++) {
            try {
                PlanProblem problem = new PlanProblem(topology, experts, model.groups(), free);
                plans.add(Planning.certify(problem, layers[i], slots[chosen[i]], target.totals(i, experts)));
            } catch (IllegalArgumentException e) {
                throw new IOException(file + ": " + rowName(chosen[i]) + ": " + e.getMessage(), e);
            }
        }
        return new Plan(model, target.recording(), topology, engine.label() + " map", "none", plans, free)
                .withDispatch(engine.dispatch().name());
    }

    private String name() {
        return file.getFileName() == null ? "unknown" : file.getFileName().toString();
    }

    private Topology topology(int nodes, int asked) throws IOException {
        if (asked > 0 && gpus > 0 && asked != gpus) {
            throw new IOException(file + ": the map is for " + gpus + " GPUs, not for " + asked);
        }
        int all = asked > 0 ? asked : gpus;
        if (all == 0) {
            throw new IOException(file + ": " + engine.label() + "'s map of " + slots[0].length
                    + " slots does not say how many GPUs hold them: add --gpus N");
        }
        if (nodes < 1 || all % nodes != 0 || slots[0].length % all != 0) {
            throw new IOException(file + ": " + slots[0].length + " slots on " + all + " GPUs in " + nodes
                    + (nodes == 1 ? " node" : " nodes") + " do not divide evenly");
        }
        return new Topology(nodes, all / nodes, slots[0].length / all);
    }

    private int[] ownNumbers() {
        return numbers == null ? IntStream.range(0, slots.length).toArray() : numbers;
    }

    /** The row of each layer. */
    private int[] chosen(MapTarget target, int[] layers) throws IOException {
        return switch (rows) {
            case ALL_ALIKE -> new int[layers.length];
            case NUMBERED -> target.numbersTold() ? byNumber(target, layers) : inOrder(target, layers);
            case MOE_LAYERS -> inOrder(target, layers);
            case DECODER_LAYERS -> {
                // Layers that are numbered for want of better are the model's only if there are no dense ones.
                boolean byNumber = target.numbersTold() && layers[layers.length - 1] < slots.length;
                yield byNumber ? layers : inOrder(target, layers);
            }
        };
    }

    private int[] byNumber(MapTarget target, int[] layers) throws IOException {
        int[] chosen = new int[layers.length];
        for (int i = 0; i < layers.length; i++) {
            int row = Arrays.binarySearch(numbers, layers[i]);
            if (row < 0) {
                throw new IOException(file + ": the map has no layer " + layers[i] + ", " + target.name() + " has");
            }
            chosen[i] = row;
        }
        return chosen;
    }

    private int[] inOrder(MapTarget target, int[] layers) throws IOException {
        if (layers.length != slots.length) {
            throw new IOException(file + ": the map has " + slots.length + " " + rows.words() + ", " + target.name()
                    + " has " + layers.length + " MoE layers"
                    + (layers.length == 0 ? "" : ", the last being number " + layers[layers.length - 1]));
        }
        return IntStream.range(0, slots.length).toArray();
    }
}
