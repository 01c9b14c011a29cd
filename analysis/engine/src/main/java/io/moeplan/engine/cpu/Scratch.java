package io.moeplan.engine.cpu;

import java.util.EnumMap;

/** One thread's working memory: arrays that are kept from task to task and grow when a task needs more. */
final class Scratch {
    /** What an array is used for; a task holds at most one of each. */
    enum Use {
        INPUT, KEPT, QUERY, KEY, VALUE, GATES, MIXED, STATE, SCORES, SCORE_TILE, HEAD, OUTPUT, GATE, UP, LOGITS, PANEL, TILE, ROW
    }

    private final EnumMap<Use, float[][]> arrays = new EnumMap<>(Use.class);

    /** At least {@code rows} rows of at least {@code width} floats, with whatever the last task left in them. */
    float[][] rows(Use use, int rows, int width) {
        float[][] kept = arrays.get(use);
        if (kept != null && kept.length >= rows && kept[0].length >= width) {
            return kept;
        }
        float[][] grown = kept == null
                ? new float[rows][width]
                : new float[Math.max(rows, kept.length)][Math.max(width, kept[0].length)];
        arrays.put(use, grown);
        return grown;
    }

    /** At least {@code width} floats. */
    float[] row(Use use, int width) {
        return rows(use, 1, width)[0];
    }
}
