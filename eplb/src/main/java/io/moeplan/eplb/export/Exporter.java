package io.moeplan.eplb.export;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.planfile.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/** Writes plans in the format of one engine and says how to load them there. */
public sealed interface Exporter
        permits SglangExporter, VllmExporter, TensorRtLlmExporter, VllmAscendExporter, DeepSeekExporter {
    /** The engine's name on the command line. */
    String name();

    /** What the file is called unless the user says otherwise. */
    String suggestedFileName();

    /**
     * Checks that the engine can hold the plan.
     *
     * @throws IllegalArgumentException if it cannot; one line says why
     */
    void validate(Plan plan);

    /**
     * The plan as the engine's file; validates it first.
     *
     * @throws IllegalArgumentException as {@link #validate} does
     */
    Export render(Plan plan);

    /** The flags that make the engine load the file, and when it would silently ignore it; a few lines of text. */
    String howToLoad(Plan plan, Path file);

    /**
     * Renders the plan and writes it, whole or not at all.
     *
     * @throws IOException if the file cannot be written
     */
    default Export write(Plan plan, Path file) throws IOException {
        Export export = render(plan);
        AtomicFile.write(file, export.content());
        return export;
    }

    /**
     * Every exporter.
     *
     * @param decoderLayers the model's decoder layers, dense ones included, where known (SGLang's file needs a row for
     *                      each)
     */
    static List<Exporter> all(OptionalInt decoderLayers) {
        return List.of(new SglangExporter(decoderLayers), new VllmExporter(), new TensorRtLlmExporter(),
                new VllmAscendExporter(), new DeepSeekExporter());
    }

    /** The names of all exporters. */
    static List<String> names() {
        return all(OptionalInt.empty()).stream().map(Exporter::name).toList();
    }

    /** The exporter with this name, the number of decoder layers being unknown. */
    static Exporter named(String name) {
        return named(name, OptionalInt.empty());
    }

    /**
     * The exporter with this name.
     *
     * @param decoderLayers as for {@link #all}
     * @throws IllegalArgumentException if there is none; the message lists those there are
     */
    static Exporter named(String name, OptionalInt decoderLayers) {
        return all(decoderLayers).stream().filter(exporter -> exporter.name().equals(name)).findAny()
                .orElseThrow(() -> new IllegalArgumentException(
                        "unknown engine \"" + name + "\": use one of " + String.join(", ", names())));
    }
}
