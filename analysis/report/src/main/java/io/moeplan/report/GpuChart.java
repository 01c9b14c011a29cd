package io.moeplan.report;

import io.moeplan.eplb.judge.LayoutBalance;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Bars of every GPU's load relative to the mean, before and after. */
final class GpuChart {
    private static final int WORST = 6;

    private GpuChart() {}

    /** All layers together, before and after side by side on one scale. */
    static String overall(PlanReport report) {
        double[] before = relative(sum(report.simulation().before().gpuLoad()));
        double[] after = relative(sum(report.simulation().after().gpuLoad()));
        double top = Math.max(max(before), max(after));
        return "<div class=\"pair\">\n" + panel("gpu-before", "before", report.simulation().before(), before, top)
                + panel("gpu-after", "after", report.simulation().after(), after, top) + "</div>\n";
    }

    /** The layers that the layout before balances worst, before and after side by side in each. */
    static String worstLayers(PlanReport report) {
        LayoutBalance before = report.simulation().before();
        List<Integer> worst = IntStream.range(0, before.layers().size()).boxed()
                .sorted(Comparator.comparingDouble((Integer layer) -> -before.layers().get(layer).weighted()))
                .limit(WORST).toList();
        StringBuilder html = new StringBuilder("<div class=\"multiples\">\n");
        worst.forEach(layer -> html.append(multiple(report, layer)));
        return html.append("</div>\n").toString();
    }

    private static String panel(String id, String style, LayoutBalance layout, double[] loads, double top) {
        double width = 540;
        double height = 190;
        double left = 36;
        String name = style + ": " + layout.layout();
        Svg svg = new Svg(id, "GPU load over the mean, all layers, " + name, width, height);
        double high = Math.max(1.2, top * 1.1);
        double bottom = height - 34;
        for (double tick : Svg.ticks(0, high, 4)) {
            double y = bottom - tick / high * (bottom - 8);
            svg.line("grid", left, y, width, y).text("end", left - 6, y + 4, Svg.label(tick));
        }
        bars(svg, style, loads, new double[]{left, bottom, width - left, (bottom - 8) / high});
        int every = 1;
        while (loads.length > 16 * every) {
            every *= 2;
        }
        for (int gpu = 0; gpu < loads.length; gpu += every) {
            svg.text("middle", left + (gpu + 0.5) * (width - left) / loads.length, bottom + 16, String.valueOf(gpu));
        }
        svg.text("middle", (left + width) / 2, height - 2, "GPU");
        return "<figure><figcaption><span class=\"key " + style + "\"></span>" + Html.escape(capital(name))
                + ", fullest " + Numbers.times(max(loads)) + " times the mean</figcaption>\n" + svg.end()
                + "</figure>\n";
    }

    private static String multiple(PlanReport report, int layer) {
        double width = 340;
        double height = 92;
        double half = 164;
        double[] before = relative(report.simulation().before().gpuLoad()[layer]);
        double[] after = relative(report.simulation().after().gpuLoad()[layer]);
        int number = report.plan().layers().get(layer).layer();
        double scale = (height - 4) / Math.max(1.2, Math.max(max(before), max(after)));
        String title = "Layer " + number + ": fullest GPU " + Numbers.times(max(before)) + " before, "
                + Numbers.times(max(after)) + " after";
        Svg svg = new Svg("gpu-layer-" + layer, title, width, height);
        bars(svg, "before", before, new double[]{0, height - 1, half, scale});
        bars(svg, "after", after, new double[]{width - half, height - 1, half, scale});
        return "<figure><figcaption>" + title + "</figcaption>\n" + svg.end() + "</figure>\n";
    }

    /** @param frame left, bottom, width, and pixels per mean load */
    private static void bars(Svg svg, String style, double[] loads, double[] frame) {
        double slot = frame[2] / loads.length;
        double gap = slot > 4 ? slot * 0.2 : 0;
        for (int gpu = 0; gpu < loads.length; gpu++) {
            double height = loads[gpu] * frame[3];
            svg.bar(style, frame[0] + gpu * slot + gap / 2, frame[1] - height, slot - gap, height,
                    "GPU " + gpu + ": " + Numbers.figure(loads[gpu]) + " times the mean");
        }
        svg.line("mean", frame[0], frame[1] - frame[3], frame[0] + frame[2], frame[1] - frame[3]).line("axis",
                frame[0], frame[1], frame[0] + frame[2], frame[1]);
    }

    private static String capital(String text) {
        return Character.toUpperCase(text.charAt(0)) + text.substring(1);
    }

    private static double[] sum(double[][] layers) {
        double[] sum = new double[layers.length == 0 ? 0 : layers[0].length];
        for (double[] layer : layers) {
            for (int gpu = 0; gpu < sum.length; gpu++) {
                sum[gpu] += layer[gpu];
            }
        }
        return sum;
    }

    private static double[] relative(double[] loads) {
        double mean = Arrays.stream(loads).average().orElse(0);
        return Arrays.stream(loads).map(load -> mean == 0 ? 0 : load / mean).toArray();
    }

    private static double max(double[] values) {
        return Arrays.stream(values).max().orElse(0);
    }
}
