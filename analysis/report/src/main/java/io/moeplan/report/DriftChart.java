package io.moeplan.report;

import io.moeplan.statistics.Drift;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Correlation and cosine of the load shares over the distance of two steps, with the range over layers. */
final class DriftChart {
    private static final double WIDTH = 720;
    private static final double HEIGHT = 250;
    private static final double LEFT = 50;
    private static final double RIGHT = 600;
    private static final double TOP = 8;
    private static final double BOTTOM = HEIGHT - 36;

    private DriftChart() {}

    static String render(Drift.Measured drift) {
        int lags = drift.lags().length;
        double[] least = new double[lags];
        double[] most = new double[lags];
        double low = Math.min(0, drift.chance());
        for (int lag = 0; lag < lags; lag++) {
            least[lag] = drift.meanCorrelation()[lag];
            most[lag] = drift.meanCorrelation()[lag];
            for (Drift.LayerDrift layer : drift.layers()) {
                boolean loaded = layer.cosine()[lag] > 0;
                least[lag] = Math.min(least[lag], loaded ? layer.correlation()[lag] : least[lag]);
                most[lag] = Math.max(most[lag], loaded ? layer.correlation()[lag] : most[lag]);
            }
            low = Math.min(low, least[lag]);
        }
        low = Math.floor(low * 5) / 5;
        Svg svg = new Svg("drift-chart", "Correlation and cosine of load shares over the distance of steps", WIDTH,
                HEIGHT);
        for (double tick : Svg.ticks(low, 1, 5)) {
            svg.line("grid", LEFT, y(tick, low), RIGHT, y(tick, low)).text("end", LEFT - 8, y(tick, low) + 4,
                    Svg.label(tick));
        }
        for (int lag = 0; lag < lags; lag++) {
            svg.text("middle", x(lag, lags), BOTTOM + 17, String.valueOf(drift.lags()[lag]));
        }
        svg.text("middle", (LEFT + RIGHT) / 2, HEIGHT - 3, "steps apart");
        List<double[]> band = points(most, low);
        List<double[]> lower = points(least, low);
        Collections.reverse(lower);
        band.addAll(lower);
        svg.polyline("band", band).line("mean", LEFT, y(drift.chance(), low), RIGHT, y(drift.chance(), low));
        series(svg, "bound", "cosine", drift, drift.meanCosine(), low);
        series(svg, "after", "correlation", drift, drift.meanCorrelation(), low);
        labels(svg, drift, low);
        return svg.end();
    }

    private static void series(Svg svg, String style, String name, Drift.Measured drift, double[] values, double low) {
        svg.polyline("line " + style, points(values, low));
        for (int lag = 0; lag < values.length; lag++) {
            svg.dot("dot " + style, x(lag, values.length), y(values[lag], low), 4, name + " at "
                    + Numbers.count(drift.lags()[lag], "step") + ": " + Numbers.figure(values[lag]));
        }
    }

    /** Names at the right end of the lines, pushed apart where they would overlap. */
    private static void labels(Svg svg, Drift.Measured drift, double low) {
        int last = drift.lags().length - 1;
        record Label(String text, double y) {}
        List<Label> labels = new ArrayList<>(List.of(new Label("cosine", y(drift.meanCosine()[last], low)),
                new Label("correlation", y(drift.meanCorrelation()[last], low)),
                new Label("independent steps", y(drift.chance(), low))));
        labels.sort((a, b) -> Double.compare(a.y(), b.y()));
        double next = TOP;
        for (Label label : labels) {
            double y = Math.max(next, label.y());
            svg.text("start", RIGHT + 8, y + 4, label.text());
            next = y + 18;
        }
    }

    private static List<double[]> points(double[] values, double low) {
        List<double[]> points = new ArrayList<>();
        for (int lag = 0; lag < values.length; lag++) {
            points.add(new double[]{x(lag, values.length), y(values[lag], low)});
        }
        return points;
    }

    private static double x(int lag, int lags) {
        return LEFT + 20 + (lags == 1 ? 0.5 : (double) lag / (lags - 1)) * (RIGHT - LEFT - 40);
    }

    private static double y(double value, double low) {
        return BOTTOM - (value - low) / (1 - low) * (BOTTOM - TOP);
    }
}
