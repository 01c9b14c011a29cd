package io.moeplan.report;

import java.util.ArrayList;
import java.util.List;

/** A chart with the MoE layers on the x axis and max / mean, 1 and up, on the y axis. */
final class LayerChart {
    private static final double WIDTH = 720;
    private static final double HEIGHT = 250;
    private static final double LEFT = 50;
    private static final double TOP = 8;
    private static final double BOTTOM = HEIGHT - 36;

    /** A line of dots: one value per layer. {@code style} is a CSS class, {@code name} goes into the tips. */
    record Series(String style, String name, double[] values) {}

    private LayerChart() {}

    static String render(String id, String title, int[] layerIds, List<Series> all) {
        double high = 1.02;
        for (Series series : all) {
            for (double value : series.values()) {
                high = Math.max(high, 1 + (value - 1) * 1.08);
            }
        }
        Svg svg = new Svg(id, title, WIDTH, HEIGHT);
        svg.text("end", LEFT - 8, BOTTOM + 4, "1");
        for (double tick : Svg.ticks(1, high, 5)) {
            if (tick < 1.0001) {
                continue;
            }
            double y = y(tick, high);
            svg.line("grid", LEFT, y, WIDTH, y).text("end", LEFT - 8, y + 4, Svg.label(tick));
        }
        int every = Math.ceilDiv(layerIds.length, 24);
        for (int layer = 0; layer < layerIds.length; layer += every) {
            svg.text("middle", x(layer, layerIds.length), BOTTOM + 17, String.valueOf(layerIds[layer]));
        }
        svg.line("axis", LEFT, BOTTOM, WIDTH, BOTTOM).text("middle", (LEFT + WIDTH) / 2, HEIGHT - 3, "MoE layer");
        for (Series series : all) {
            draw(svg, series, layerIds, high);
        }
        return svg.end();
    }

    private static void draw(Svg svg, Series series, int[] layerIds, double high) {
        List<double[]> points = new ArrayList<>();
        for (int layer = 0; layer < layerIds.length; layer++) {
            points.add(new double[]{x(layer, layerIds.length), y(series.values()[layer], high)});
        }
        svg.polyline("line " + series.style(), points);
        double radius = layerIds.length > 60 ? 2.5 : 3.5;
        for (int layer = 0; layer < layerIds.length; layer++) {
            svg.dot("dot " + series.style(), points.get(layer)[0], points.get(layer)[1], radius,
                    "Layer " + layerIds[layer] + ", " + series.name() + ": " + Numbers.figure(series.values()[layer]));
        }
    }

    private static double x(int layer, int layers) {
        return LEFT + 10 + (layers == 1 ? 0.5 : (double) layer / (layers - 1)) * (WIDTH - LEFT - 20);
    }

    private static double y(double value, double high) {
        return BOTTOM - (value - 1) / (high - 1) * (BOTTOM - TOP);
    }
}
