package io.moeplan.report;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The layer x expert heat map: one stretched SVG path per colour, labels in HTML beside it so that they keep their size.
 * Without a script a row tells about itself when pointed at; with it every cell does.
 */
final class HeatMapChart {
    /** Colours per doubling of the load, from an eighth of the mean to sixteen times. */
    private static final int PER_OCTAVE = 4;
    private static final int LOWEST_OCTAVE = -3;
    private static final int HIGHEST_OCTAVE = 4;
    private static final int LEVELS = (HIGHEST_OCTAVE - LOWEST_OCTAVE) * PER_OCTAVE;
    private static final int LABEL_HEIGHT = 12;

    private HeatMapChart() {}

    static String render(HeatMap map) {
        int height = Math.clamp(Math.round(576.0 / Math.max(1, map.layers())), 6, 22) * map.layers();
        StringBuilder html = new StringBuilder();
        html.append("<div class=\"heat\" style=\"max-width:").append(map.experts() * 24 + 40).append("px\">\n");
        html.append("<div class=\"heat-y\" style=\"height:").append(height).append("px\">")
                .append(layerLabels(map, height)).append("</div>\n");
        html.append("<svg id=\"heat\" viewBox=\"0 0 ").append(map.experts()).append(' ').append(map.layers())
                .append("\" preserveAspectRatio=\"none\" style=\"height:").append(height)
                .append("px\" role=\"img\" aria-labelledby=\"heat-title\" data-layers=\"")
                .append(Arrays.stream(map.layerIds()).mapToObj(String::valueOf).collect(Collectors.joining(",")))
                .append("\" data-loads=\"").append(data(map)).append("\"><title id=\"heat-title\">Load of ")
                .append(map.experts()).append(" experts in ").append(map.layers())
                .append(" MoE layers, relative to the mean of the layer</title>\n");
        html.append(cells(map)).append(rows(map)).append("</svg>\n");
        html.append("<div class=\"heat-x\">").append(expertLabels(map)).append("</div>\n</div>\n");
        html.append("<p class=\"readout\" id=\"heat-readout\" hidden></p>\n");
        return html.append(legend()).toString();
    }

    private static int level(double relative) {
        double octave = Math.log(relative) / Math.log(2);
        return Math.clamp((long) Math.floor((octave - LOWEST_OCTAVE) * PER_OCTAVE), 0, LEVELS - 1);
    }

    private static String colour(int level) {
        return Viridis.at((level + 0.5) / LEVELS);
    }

    /** One path per colour, neighbours of a colour in a row drawn as one; cells without load stay empty. */
    private static String cells(HeatMap map) {
        StringBuilder[] paths = new StringBuilder[LEVELS];
        Arrays.setAll(paths, level -> new StringBuilder());
        for (int layer = 0; layer < map.layers(); layer++) {
            double[] relative = map.relative(layer);
            int from = 0;
            while (from < relative.length) {
                int level = relative[from] == 0 ? -1 : level(relative[from]);
                int to = from + 1;
                while (to < relative.length && (relative[to] == 0 ? -1 : level(relative[to])) == level) {
                    to++;
                }
                if (level >= 0) {
                    paths[level].append('M').append(from).append(' ').append(layer).append('h').append(to - from)
                            .append("v1h").append(from - to).append('z');
                }
                from = to;
            }
        }
        StringBuilder svg = new StringBuilder();
        for (int level = 0; level < LEVELS; level++) {
            if (!paths[level].isEmpty()) {
                svg.append("<path fill=\"").append(colour(level)).append("\" d=\"").append(paths[level])
                        .append("\"/>\n");
            }
        }
        return svg.toString();
    }

    private static String rows(HeatMap map) {
        StringBuilder svg = new StringBuilder("<g class=\"rows\">\n");
        for (int layer = 0; layer < map.layers(); layer++) {
            double[] relative = map.relative(layer);
            int hottest = 0;
            for (int e = 1; e < relative.length; e++) {
                hottest = relative[e] > relative[hottest] ? e : hottest;
            }
            String tip = relative.length == 0 || relative[hottest] == 0
                    ? "no load"
                    : "hottest expert " + hottest + " at " + Numbers.figure(relative[hottest]) + " times the mean";
            svg.append("<rect y=\"").append(layer).append("\" width=\"").append(map.experts())
                    .append("\" height=\"1\"><title>Layer ").append(map.layerIds()[layer]).append(": ").append(tip)
                    .append("</title></rect>\n");
        }
        return svg.append("</g>").toString();
    }

    /** Hundredths of the layer's mean in base 36, cells by commas and layers by semicolons: small, and read by the script. */
    private static String data(HeatMap map) {
        StringBuilder data = new StringBuilder();
        for (int layer = 0; layer < map.layers(); layer++) {
            data.append(layer == 0 ? "" : ";").append(Arrays.stream(map.relative(layer))
                    .mapToObj(load -> Long.toString(Math.round(100 * load), 36)).collect(Collectors.joining(",")));
        }
        return data.toString();
    }

    private static String layerLabels(HeatMap map, int height) {
        int every = Math.ceilDiv(LABEL_HEIGHT * map.layers(), Math.max(1, height));
        StringBuilder html = new StringBuilder();
        for (int layer = 0; layer < map.layers(); layer += every) {
            html.append("<span style=\"top:").append(Svg.n(100 * (layer + 0.5) / map.layers())).append("%\">")
                    .append(map.layerIds()[layer]).append("</span>");
        }
        return html.toString();
    }

    private static String expertLabels(HeatMap map) {
        int every = 1;
        while (map.experts() > 16 * every) {
            every *= 2;
        }
        StringBuilder html = new StringBuilder();
        for (int expert = 0; expert < map.experts(); expert += every) {
            html.append("<span style=\"left:").append(Svg.n(100 * (expert + 0.5) / map.experts())).append("%\">")
                    .append(expert).append("</span>");
        }
        return html.toString();
    }

    private static String legend() {
        StringBuilder html = new StringBuilder("<div class=\"legend\"><span>no tokens</span>"
                + "<span class=\"swatch\"></span><span class=\"scale-name\">load / layer mean</span><svg viewBox=\"0 0 336 30\" role=\"img\""
                + " aria-labelledby=\"legend-title\"><title id=\"legend-title\">Colour scale, load over layer mean,"
                + " from an eighth to sixteen times</title>");
        for (int level = 0; level < LEVELS; level++) {
            html.append("<rect x=\"").append(level * 12).append("\" width=\"12\" height=\"12\" fill=\"")
                    .append(colour(level)).append("\"/>");
        }
        String[] labels = {"1/8", "1/4", "1/2", "1", "2", "4", "8", "16"};
        for (int i = 0; i < labels.length; i++) {
            String anchor = i == 0 ? "start" : i == labels.length - 1 ? "end" : "middle";
            html.append("<text class=\"").append(anchor).append("\" x=\"").append(i * 12 * PER_OCTAVE)
                    .append("\" y=\"26\">").append(labels[i]).append("</text>");
        }
        return html.append("</svg></div>\n").toString();
    }
}
