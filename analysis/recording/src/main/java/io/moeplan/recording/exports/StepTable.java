package io.moeplan.recording.exports;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.parquet.ParquetColumn;
import io.moeplan.recording.parquet.ParquetOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Steps as a table with a row for each step and layer. */
final class StepTable {
    private static final int GROUP_VALUES = 1 << 21;

    private StepTable() {}

    static void csv(LoadTrace trace, OutputStream out) throws IOException {
        out.write(("step,phase,layer,tokens," + experts(trace.experts()) + "\n").getBytes(StandardCharsets.UTF_8));
        StringBuilder line = new StringBuilder();
        for (LoadTrace.Step step : trace.steps()) {
            for (int layer = 0; layer < trace.layers(); layer++) {
                line.setLength(0);
                line.append(step.id()).append(',').append(word(step.phase())).append(',')
                        .append(trace.layerId(layer)).append(',').append(step.tokens());
                for (int i = layer * trace.experts(); i < (layer + 1) * trace.experts(); i++) {
                    line.append(',').append(step.counts()[i]);
                }
                out.write(line.append('\n').toString().getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    /** Headings of the experts' columns. */
    static String experts(int experts) {
        return IntStream.range(0, experts).mapToObj(expert -> "e" + expert).collect(Collectors.joining(","));
    }

    private static String word(Phase phase) {
        return phase.name().toLowerCase(Locale.ROOT);
    }

    static void parquet(Manifest manifest, LoadTrace trace, OutputStream out) throws IOException {
        ParquetOutput parquet = new ParquetOutput(out, List.of(new ParquetColumn.Longs("step"),
                new ParquetColumn.Texts("phase"), new ParquetColumn.Ints("layer", ParquetColumn.Width.INT16),
                new ParquetColumn.Ints("tokens", ParquetColumn.Width.INT32),
                new ParquetColumn.Lists("counts", ParquetColumn.Width.INT32, trace.experts(), 0)));
        int perGroup = Math.max(1, GROUP_VALUES / (trace.layers() * trace.experts()));
        for (int from = 0; from < trace.steps().size(); from += perGroup) {
            rows(parquet, trace, trace.steps().subList(from, Math.min(trace.steps().size(), from + perGroup)));
        }
        parquet.finish(manifest.metadata());
    }

    private static void rows(ParquetOutput parquet, LoadTrace trace, List<LoadTrace.Step> steps) throws IOException {
        int layers = trace.layers();
        int rows = steps.size() * layers;
        long[] ids = new long[rows];
        String[] phases = new String[rows];
        int[] numbers = new int[rows];
        int[] tokens = new int[rows];
        int[] counts = new int[rows * trace.experts()];
        for (int s = 0; s < steps.size(); s++) {
            LoadTrace.Step step = steps.get(s);
            Arrays.fill(ids, s * layers, (s + 1) * layers, step.id());
            Arrays.fill(phases, s * layers, (s + 1) * layers, word(step.phase()));
            Arrays.fill(tokens, s * layers, (s + 1) * layers, step.tokens());
            System.arraycopy(trace.layerIds(), 0, numbers, s * layers, layers);
            System.arraycopy(step.counts(), 0, counts, s * step.counts().length, step.counts().length);
        }
        parquet.rows(rows, List.of(ids, phases, numbers, tokens, counts));
    }
}
