package io.moeplan.eplb.export;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Layout;
import io.moeplan.eplb.Plan;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** What the exporters share. */
final class Plans {
    private Plans() {}

    /**
     * Checks that every layer is a layout of the plan's topology, that layers ascend, and that all have the same number of
     * slots and fill them: no engine here has a way to say that a slot is empty, and all take the layers as one array.
     *
     * @param engine what the complaint calls it
     */
    static void requireSound(Plan plan, String engine) {
        if (plan.layers().isEmpty()) {
            throw new IllegalArgumentException("the plan has no layers");
        }
        int previous = -1;
        for (LayerPlan layer : plan.layers()) {
            if (layer.layer() <= previous) {
                throw new IllegalArgumentException(
                        "layer " + layer.layer() + " comes after layer " + previous + ": layers must ascend");
            }
            previous = layer.layer();
            requireLayout(plan, layer);
            requireFull(plan, layer, engine);
        }
    }

    private static void requireFull(Plan plan, LayerPlan layer, String engine) {
        int slotsPerGpu = plan.topology(layer).slotsPerGpu();
        if (slotsPerGpu != plan.topology().slotsPerGpu()) {
            throw new IllegalArgumentException(engine + " wants as many slots in every layer: layer " + layer.layer()
                    + " has " + slotsPerGpu + " per GPU, the plan " + plan.topology().slotsPerGpu()
                    + "; plan without per-layer budgets");
        }
        int[] map = layer.physicalToLogical();
        for (int slot = 0; slot < map.length; slot++) {
            if (map[slot] == Layout.EMPTY) {
                throw new IllegalArgumentException(engine + " cannot leave slots empty: layer " + layer.layer()
                        + " has none in slot " + slot + " (GPU " + plan.topology(layer).gpuOf(slot)
                        + "); plan for GPUs that are all there, and fill spare slots");
            }
        }
    }

    private static void requireLayout(Plan plan, LayerPlan layer) {
        try {
            new Layout(plan.topology(layer), plan.model().experts(), layer.physicalToLogical());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("layer " + layer.layer() + ": " + e.getMessage(), e);
        }
    }

    /** The map of each layer, {@code [layers][slots]}. */
    static int[][] maps(Plan plan) {
        return plan.layers().stream().map(LayerPlan::physicalToLogical).toArray(int[][]::new);
    }

    static int redundant(Plan plan) {
        return plan.topology().slots() - plan.model().experts();
    }

    /** A JSON array of arrays, an inner one per line. */
    static String rows(int[][] rows) {
        return Arrays.stream(rows).map(Arrays::toString).collect(Collectors.joining(",\n", "[\n", "\n]"));
    }

    /** A text in single quotes for a POSIX shell. */
    static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }

    static String json(String text) {
        return '"' + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
    }

    static String lines(List<String> lines) {
        return String.join("\n", lines) + "\n";
    }
}
