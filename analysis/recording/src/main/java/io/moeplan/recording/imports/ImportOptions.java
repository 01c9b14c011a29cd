package io.moeplan.recording.imports;

import io.moeplan.recording.Mode;

/**
 * What a source may not tell, and what is wanted of it. Null where not given.
 *
 * @param toolVersion version of the moeplan that imports
 * @param topK        experts per token, where the source does not say
 * @param experts     logical experts per layer, where the source does not say
 * @param layers      layers per token, where the source does not say
 * @param groups      expert groups of the router, 1 if none
 * @param mode        per-pass or per-token; null for what keeps most
 */
public record ImportOptions(String toolVersion, Integer topK, Integer experts, Integer layers, int groups, Mode mode) {
    /** @throws IllegalArgumentException if a number is below 1 */
    public ImportOptions {
        requirePositive("experts per token", topK);
        requirePositive("experts", experts);
        requirePositive("layers", layers);
        requirePositive("expert groups", groups);
    }

    /** Nothing given. */
    public static ImportOptions of(String toolVersion) {
        return new ImportOptions(toolVersion, null, null, null, 1, null);
    }

    private static void requirePositive(String what, Integer number) {
        if (number != null && number < 1) {
            throw new IllegalArgumentException(what + " must be at least 1, not " + number);
        }
    }
}
