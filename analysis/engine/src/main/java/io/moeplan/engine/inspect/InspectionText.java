package io.moeplan.engine.inspect;

import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.StoredWeights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** An {@link Inspection} for the terminal. */
public final class InspectionText {
    private final StringBuilder text = new StringBuilder();

    private InspectionText() {}

    /** Lines of a name and a value. */
    public static String of(Inspection inspection) {
        InspectionText lines = new InspectionText();
        lines.shape(inspection);
        inspection.weights().ifPresentOrElse(weights -> lines.weights(inspection, weights),
                () -> lines.line("Weights", "none here: shapes from config.json only"));
        lines.line("Tokenizer", inspection.tokenizer());
        lines.line("Chat template", inspection.chatTemplate() ? "present" : "none");
        return lines.text.toString();
    }

    private void shape(Inspection inspection) {
        Architecture architecture = inspection.architecture();
        int[] routing = architecture.moeLayers();
        FeedForward.Sparse sparse = architecture.sparse(routing[0]);
        line("Model", inspection.name() + " (" + architecture.modelType() + ": " + inspection.family().models() + ")");
        if (!inspection.family().lacks().isEmpty()) {
            line("Left out", inspection.family().lacks());
        }
        line("Layers", architecture.layers().size() + ", of which " + routing.length + " route: "
                + Describe.ranges(routing));
        line("Experts", sparse.router().experts() + " of width " + sparse.width() + ", " + sparse.router().topK()
                + " for each token");
        line("Router", Describe.router(sparse.router()));
        line("Shared experts", Describe.shared(sparse));
        Describe.attention(architecture).forEach(
                (kind, layers) -> line("Attention", kind + " (" + layers + (layers == 1 ? " layer)" : " layers)")));
        line("Width", "%,d; vocabulary %,d%s; up to %,d tokens a request".formatted(architecture.hidden(),
                architecture.vocabulary(), architecture.tiedHead() ? ", head tied" : "",
                architecture.maxPositions()));
        line("Parameters", Units.count(inspection.work().parameters()) + ", "
                + Units.count(inspection.work().activeParameters()) + " for a token");
        line("Arithmetic", String.format(Locale.ROOT, "%.3g GFLOP a token, in requests of %,d tokens",
                inspection.work().flops() / 1e9, Inspection.Needs.REQUEST));
    }

    private void weights(Inspection inspection, StoredWeights weights) {
        line("Weights", Units.bytes(weights.bytes()) + ", of which " + Units.bytes(weights.otherBytes())
                + " outside layers");
        for (StoredWeights.Part format : weights.formats()) {
            line("", format.what() + ": " + tensors(format));
        }
        layers(weights.layerBytes());
        for (StoredWeights.Part ignored : weights.ignored()) {
            line("Not read", ignored.what() + ": " + tensors(ignored));
        }
        Inspection.Needs needs = inspection.needs().orElseThrow();
        line("Memory", "--memory " + memory(needs.minimumBytes()) + " at least, " + memory(needs.comfortableBytes())
                + " for waves of %,d tokens".formatted(Inspection.Needs.WAVE));
        line("One pass", Units.bytes(weights.passBytes()) + " in " + Units.seconds(inspection.passSeconds()) + " at "
                + String.format(Locale.ROOT, "%,.0f MB/s (%s)", needs.rate().bytesPerSecond() / 1e6,
                        needs.rate().source()));
    }

    /** Layers of the same size on one line. */
    private void layers(long[] bytes) {
        Map<Long, List<Integer>> bySize = new TreeMap<>();
        IntStream.range(0, bytes.length)
                .forEach(layer -> bySize.computeIfAbsent(bytes[layer], size -> new ArrayList<>()).add(layer));
        bySize.forEach((size, layers) -> line("A layer", Units.bytes(size)
                + (layers.size() == 1 ? " (layer " : " (layers ")
                + Describe.ranges(layers.stream().mapToInt(Integer::intValue).toArray()) + ")"));
    }

    private static String tensors(StoredWeights.Part part) {
        return String.format(Locale.ROOT, "%,d tensors, %s", part.tensors(), Units.bytes(part.bytes()));
    }

    /** Rounded up, in the units that {@code --memory} takes. */
    private static String memory(long bytes) {
        long megabytes = (bytes >> 20) + 1;
        return megabytes < 10_000 ? megabytes + "M" : (megabytes + 1023) / 1024 + "G";
    }

    private void line(String name, String value) {
        text.append(String.format(Locale.ROOT, "%-15s %s%n", name, value));
    }

    /** Names, types and what is missing of all families. */
    static String table(List<String[]> rows) {
        int[] widths = new int[rows.getFirst().length];
        rows.forEach(row -> Arrays.setAll(widths, i -> Math.max(widths[i], row[i].length())));
        StringBuilder table = new StringBuilder();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.length; i++) {
                line.append(i == 0 ? "" : "  ").append(row[i]).append(" ".repeat(widths[i] - row[i].length()));
            }
            table.append(line.toString().stripTrailing()).append('\n');
        }
        return table.toString();
    }
}
