package io.moeplan.recording.imports;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.export.Exporter;
import io.moeplan.eplb.export.SglangExporter;
import io.moeplan.recording.Recording;
import io.moeplan.recording.exports.RecordingExport;
import io.moeplan.recording.exports.RecordingFormat;
import io.moeplan.recording.maps.SglangArchive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/** Sound files that moeplan writes itself: engines' maps, tables, recordings. */
final class FuzzSeeds {
    private FuzzSeeds() {}

    /** Named {@code map.*}. */
    static List<Fuzz.Seed> maps() throws IOException {
        Plan plan = new Plan(new Plan.Model("m", "t", 4, 2, 1), new Plan.Recording("d", 1, 1), new Topology(1, 2, 3),
                "x", "none", List.of(new LayerPlan(1, new int[]{0, 1, 2, 3, 1, 0}, 1, 1, 1, 0),
                        new LayerPlan(3, new int[]{2, 3, 1, 0, 2, 1}, 1, 1, 1, 0)));
        List<Fuzz.Seed> seeds = new ArrayList<>();
        for (Exporter exporter : Exporter.all(OptionalInt.of(4))) {
            seeds.add(Fuzz.text("map." + exporter.name(), exporter.render(plan).content()));
        }
        seeds.add(Fuzz.text("map.list", "[0, 1, 2, 3, 0, 1]"));
        seeds.add(Fuzz.text("map.ranks", "{\"expert_to_ep_rank\": [[1, 0, 0, 1], [0, 0, 1, 1]]}"));
        seeds.add(Fuzz.text("map.yaml", """
                moe_config:
                  load_balancer:
                    num_slots: 3
                    initial_global_assignments:
                      5:
                      - 2
                      - 1
                      - 0
                      4: &a [0, 1, 2]
                """));
        Path folder = Files.createTempDirectory("seeds");
        Path archive = folder.resolve("map.pt");
        SglangArchive.write(new SglangExporter(OptionalInt.of(4)), plan, archive);
        seeds.add(new Fuzz.Seed("map.pt", Files.readAllBytes(archive)));
        Files.delete(archive);
        Files.delete(folder);
        return seeds;
    }

    /** What recordings are exported as. */
    static List<Fuzz.Seed> tables() throws IOException {
        Path folder = Files.createTempDirectory("seeds");
        Path source = folder.resolve("rec");
        Importer.run(Dumps.resource("count_matrix/steps.json"), null, Dumps.PLAIN, source, ImportProgress.NONE);
        Recording recording = Recording.open(source);
        Path csv = folder.resolve("table.csv");
        Path stat = folder.resolve("stat.pt");
        RecordingExport.write(recording, recording::trace, RecordingFormat.CSV, false, csv);
        RecordingExport.write(recording, recording::trace, RecordingFormat.SGLANG_STAT, false, stat);
        List<Fuzz.Seed> seeds = List.of(
                Fuzz.text("stat.json",
                        "{\"rank\": {\"a\": [0]}, \"logical_count\": [[[0, 0], [1, 2]], [[0, 0], [3, 4]]]}"),
                new Fuzz.Seed("table.csv", Files.readAllBytes(csv)),
                new Fuzz.Seed("stat.pt", Files.readAllBytes(stat)));
        delete(folder);
        return seeds;
    }

    /** The files of a recording of steps and of one of tokens, named {@code steps/*} and {@code tokens/*}. */
    static List<Fuzz.Seed> recordings() throws IOException {
        Path folder = Files.createTempDirectory("seeds");
        Importer.run(Dumps.resource("count_matrix/steps.json"), null, Dumps.PLAIN, folder.resolve("steps"),
                ImportProgress.NONE);
        Importer.run(Dumps.resource("sglang_per_token"), null, Dumps.PLAIN, folder.resolve("tokens"),
                ImportProgress.NONE);
        List<Fuzz.Seed> seeds = new ArrayList<>();
        for (String name : List.of("steps", "tokens")) {
            try (Stream<Path> files = Files.list(folder.resolve(name))) {
                for (Path file : files.sorted().toList()) {
                    seeds.add(new Fuzz.Seed(name + "/" + file.getFileName(), Files.readAllBytes(file)));
                }
            }
        }
        delete(folder);
        return seeds;
    }

    static void delete(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> walk = Files.walk(folder)) {
            all = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path each : all) {
            Files.delete(each);
        }
    }
}
