package io.moeplan.recording.imports;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Recording;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The dumps among the resources, and how they are imported. */
final class Dumps {
    static final ImportOptions PLAIN = ImportOptions.of("test");

    private Dumps() {}

    static Path resource(String name) {
        try {
            return Path.of(Dumps.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static ImportOptions options(Integer topK, Mode mode) {
        return new ImportOptions("test", topK, null, null, 1, mode);
    }

    static Recording imported(Path source, ImportOptions options, Path out) throws IOException {
        Importer.run(source, null, options, out, ImportProgress.NONE);
        return Recording.open(out);
    }

    /** {@code [steps][layers][experts]}. */
    static int[][][] counts(LoadTrace trace) {
        return trace.steps().stream().map(step -> rows(step, trace.layers(), trace.experts())).toArray(int[][][]::new);
    }

    private static int[][] rows(LoadTrace.Step step, int layers, int experts) {
        int[][] rows = new int[layers][];
        for (int layer = 0; layer < layers; layer++) {
            rows[layer] = Arrays.copyOfRange(step.counts(), layer * experts, (layer + 1) * experts);
        }
        return rows;
    }

    static List<Long> ids(LoadTrace trace) {
        return trace.steps().stream().map(LoadTrace.Step::id).toList();
    }
}
