package io.moeplan.report;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

/** A chart in the making: an SVG element with a title, in pixels of its view box. Text given to it is escaped. */
final class Svg {
    private final StringBuilder svg = new StringBuilder();

    /** @param id unique in the page; the title is what a screen reader says */
    Svg(String id, String title, double width, double height) {
        svg.append("<svg viewBox=\"0 0 ").append(n(width)).append(' ').append(n(height))
                .append("\" role=\"img\" aria-labelledby=\"").append(id).append("\" style=\"max-width:")
                .append(n(width)).append("px\"><title id=\"").append(id).append("\">").append(Html.escape(title))
                .append("</title>");
    }

    /** A coordinate: at most two decimals. */
    static String n(double value) {
        String text = BigDecimal.valueOf(value).setScale(2, RoundingMode.HALF_UP).stripTrailingZeros().toPlainString();
        return text.equals("-0") ? "0" : text;
    }

    Svg line(String style, double x1, double y1, double x2, double y2) {
        svg.append("<path class=\"").append(style).append("\" d=\"M").append(n(x1)).append(' ').append(n(y1))
                .append('L').append(n(x2)).append(' ').append(n(y2)).append("\"/>");
        return this;
    }

    /** @param points x and y of each point */
    Svg polyline(String style, List<double[]> points) {
        svg.append("<path class=\"").append(style).append("\" d=\"");
        char command = 'M';
        for (double[] point : points) {
            svg.append(command).append(n(point[0])).append(' ').append(n(point[1]));
            command = 'L';
        }
        svg.append("\"/>");
        return this;
    }

    Svg text(String style, double x, double y, String text) {
        svg.append("<text class=\"").append(style).append("\" x=\"").append(n(x)).append("\" y=\"").append(n(y))
                .append("\">").append(Html.escape(text)).append("</text>");
        return this;
    }

    /** A rectangle that says {@code tip} when pointed at. */
    Svg bar(String style, double x, double y, double width, double height, String tip) {
        svg.append("<rect class=\"").append(style).append("\" x=\"").append(n(x)).append("\" y=\"").append(n(y))
                .append("\" width=\"").append(n(width)).append("\" height=\"").append(n(height)).append("\"><title>")
                .append(Html.escape(tip)).append("</title></rect>");
        return this;
    }

    /** A dot that says {@code tip} when pointed at. */
    Svg dot(String style, double x, double y, double radius, String tip) {
        svg.append("<circle class=\"").append(style).append("\" cx=\"").append(n(x)).append("\" cy=\"").append(n(y))
                .append("\" r=\"").append(n(radius)).append("\"><title>").append(Html.escape(tip))
                .append("</title></circle>");
        return this;
    }

    String end() {
        return svg + "</svg>\n";
    }

    /** About {@code wanted} round numbers from {@code low} to {@code high}, both within. */
    static List<Double> ticks(double low, double high, int wanted) {
        double raw = (high - low) / wanted;
        double power = Math.pow(10, Math.floor(Math.log10(raw)));
        double step = raw / power <= 1
                ? power
                : raw / power <= 2 ? 2 * power : raw / power <= 5 ? 5 * power : 10 * power;
        List<Double> ticks = new ArrayList<>();
        for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) {
            ticks.add(i * step);
        }
        return ticks;
    }

    /** A tick's label: as many decimals as it needs. */
    static String label(double tick) {
        return BigDecimal.valueOf(tick).setScale(6, RoundingMode.HALF_UP).stripTrailingZeros().toPlainString();
    }
}
