package io.moeplan.engine.inspect;

import java.util.Locale;

/** Sizes and times for people. */
final class Units {
    private Units() {}

    /** Bytes in powers of 1024, as {@code --memory} takes them. */
    static String bytes(long bytes) {
        String[] units = {"bytes", "KiB", "MiB", "GiB", "TiB"};
        double value = (double) bytes;
        int unit = 0;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? bytes + " bytes" : String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
    }

    /** Thousands, millions, billions. */
    static String count(long count) {
        if (count >= 1e9) {
            return String.format(Locale.ROOT, "%.1f billion", count / 1e9);
        }
        return count >= 1e6
                ? String.format(Locale.ROOT, "%.1f million", count / 1e6)
                : String.format(Locale.ROOT, "%,d", count);
    }

    static String seconds(double seconds) {
        if (seconds < 120) {
            return String.format(Locale.ROOT, seconds < 10 ? "%.2g s" : "%.0f s", seconds);
        }
        return seconds < 7200
                ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
                : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
    }
}
