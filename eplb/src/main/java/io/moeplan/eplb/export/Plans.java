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

    /** Checks that every layer is a layout of the plan's topology, and that layers ascend. */
    static void requireSound(Plan plan) {
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
        }
    }

    private static void requireLayout(Plan plan, LayerPlan layer) {
        try {
            new Layout(plan.topology(), plan.model().experts(), layer.physicalToLogical());
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
