package io.moeplan.recording.imports;

import io.moeplan.recording.Absent;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Origin;
import io.moeplan.recording.maps.EngineMap;
import io.moeplan.recording.maps.EngineMaps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a file or folder is.
 *
 * @param what    in a few words
 * @param details a line each, may be none
 */
public record Inspection(String what, List<String> details) {
    /**
     * Looks at a file or folder; of loads it reads as much as an import does to see their shape.
     *
     * @throws IOException if there is none of that name, or it is damaged
     */
    public static Inspection of(Path source) throws IOException {
        if (!Files.exists(source)) {
            throw new IOException(source + ": no such file or folder");
        }
        Optional<EngineMap> map = Files.isRegularFile(source) ? EngineMaps.find(source) : Optional.empty();
        if (map.isPresent()) {
            return ofMap(map.get());
        }
        Optional<SourceFormat> format = Detector.find(source);
        if (format.isPresent()) {
            return ofLoads(source, format.get());
        }
        List<String> lines = OtherFiles.describe(source);
        return lines.isEmpty()
                ? new Inspection("nothing that moeplan knows", List.of())
                : new Inspection(lines.getFirst(), lines.subList(1, lines.size()));
    }

    private static Inspection ofLoads(Path source, SourceFormat format) throws IOException {
        List<String> details = new ArrayList<>();
        try (LoadSource opened = Importer.open(source, format, ImportOptions.of("inspect"))) {
            switch (opened) {
                case StepSource steps -> describe(steps.shape(), opened instanceof CountTable, details);
                case TokenSource tokens -> describe(tokens.shape(), details);
            }
        }
        details.add("import it with: moeplan import " + source + " --out REC");
        return new Inspection(format.description(), details);
    }

    private static Inspection ofMap(EngineMap map) {
        int[] numbers = map.numbers();
        int slots = map.slots()[0].length;
        List<String> details = new ArrayList<>();
        details.add("layers: " + map.slots().length + " " + map.rows().words()
                + (numbers == null ? "" : " " + numbers[0] + " to " + numbers[numbers.length - 1]));
        details.add("slots: " + slots + (map.gpus() > 0
                ? " on " + map.gpus() + " GPUs"
                : "; on how many GPUs is not told"));
        details.add("experts: " + map.experts() + ", so " + (slots - map.experts()) + " redundant");
        details.add("judge it with: moeplan simulate REC --plan " + map.engine().label() + ":" + map.file()
                + (map.gpus() > 0 ? "" : " --gpus G"));
        details.add("as a plan file: moeplan import " + map.file() + " --out plan.json");
        return new Inspection("an expert map (" + map.engine().label() + ")", details);
    }

    private static void describe(StepSource.Shape shape, boolean tellsTokens, List<String> details) {
        details.add("shape: " + shape.layerNumbers().length + " layers, " + shape.experts() + " experts each"
                + (shape.topK() > 0 ? ", top-" + shape.topK() : ""));
        details.add("mode: " + shape.mode().label());
        Set<Absent> absent = new TreeSet<>(shape.absent());
        absent.add(Absent.REQUESTS);
        if (shape.topK() == 0) {
            absent.add(Absent.TOP_K);
        }
        if (shape.topK() == 0 && !tellsTokens) {
            absent.add(Absent.TOKENS);
        }
        details.add("not told: " + labels(absent));
    }

    private static void describe(TokenSource.Shape shape, List<String> details) {
        details.add("shape: " + shape.layerNumbers().length + " MoE layers, " + shape.experts() + " experts each, top-"
                + shape.topK());
        details.add("mode: " + Mode.PER_TOKEN.label());
        details.add("not told: " + labels(shape.absent()));
    }

    /** What a recording was made by, and what its source did not tell. */
    public static String madeBy(Origin origin) {
        return switch (origin) {
            case Origin.Engine engine -> engine.engine() + " on " + engine.device();
            case Origin.Import imported -> "import from " + imported.importer() + (imported.absent().isEmpty()
                    ? ""
                    : "; not told: " + labels(imported.absent()));
        };
    }

    private static String labels(Set<Absent> absent) {
        return absent.isEmpty()
                ? "nothing"
                : absent.stream().sorted().map(Absent::label).collect(Collectors.joining(", "));
    }
}
