package io.moeplan.report;

import java.util.List;
import java.util.Locale;

/** Numbers for people, the same in every rendering. */
final class Numbers {
    private Numbers() {}

    static String count(long number, String noun) {
        return integer(number) + " " + noun + (number == 1 ? "" : "s");
    }

    static String integer(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** Three decimals, fewer of large numbers. */
    static String figure(double value) {
        double size = Math.abs(value);
        return String.format(Locale.ROOT, size >= 1000 ? "%,.0f" : size >= 100 ? "%.1f" : size >= 10 ? "%.2f" : "%.3f",
                value);
    }

    /** How many times the mean, in running text. */
    static String times(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    static String percent(double share) {
        double percent = 100 * share;
        boolean whole = Math.abs(percent) >= 9.95;
        String text = String.format(Locale.ROOT, whole ? "%.0f" : "%.1f", percent);
        return (text.equals("-0.0") ? "0.0" : text) + " %";
    }

    static String seconds(double seconds) {
        if (seconds < 60) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        return whole < 3600
                ? whole / 60 + " min " + whole % 60 + " s"
                : whole / 3600 + " h " + whole % 3600 / 60 + " min";
    }

    /** Units are powers of 1024. */
    static String bytes(long bytes) {
        double size = bytes;
        int unit = 0;
        while (size >= 1024 && unit < 4) {
            size /= 1024;
            unit++;
        }
        String text = String.format(Locale.ROOT, unit == 0 || size >= 99.95 ? "%.0f" : "%.1f", size);
        return text + " " + List.of("B", "KiB", "MiB", "GiB", "TiB").get(unit);
    }

    static String tenths(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
