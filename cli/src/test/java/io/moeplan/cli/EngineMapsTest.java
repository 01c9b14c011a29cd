package io.moeplan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Engines' maps in the place of plans, plans as engines' maps, and recordings as others' files. */
class EngineMapsTest {
    @TempDir
    private Path temp;

    private Path recording;
    private Path plan;

    /** Twenty steps of two layers with four experts, and a plan for two GPUs with three slots each. */
    @BeforeEach
    void write() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int step = 0; step < 20; step++) {
            text.append("90 10 ").append(5 + step % 3).append(" 20\n10 15 60 ").append(25 - step % 4).append("\n\n");
        }
        Path counts = Files.writeString(temp.resolve("counts.txt"), text);
        recording = temp.resolve("rec");
        plan = temp.resolve("plan.json");
        run("import", counts, "--top-k", 1, "--out", recording);
        run("plan", recording, "--gpus", 2, "--redundant", 2, "--time-budget", 1, "--out", plan);
    }

    private static Run run(Object... args) {
        Run run = Run.moeplan(args);
        assertThat(run.err()).isEmpty();
        assertThat(run.exit()).isZero();
        return run;
    }

    private static void refused(int exit, String why, Object... args) {
        Run run = Run.moeplan(args);
        assertThat(run.errorLines()).singleElement().asString().contains(why);
        assertThat(run.exit()).isEqualTo(exit);
    }

    @ParameterizedTest
    @CsvSource({"sglang, map.json, true", "sglang, map.pt, true", "vllm, map.json, false",
        "tensorrt-llm, map.yaml, true", "vllm-ascend, map.json, true", "deepseek, map.json, true"})
    void aMapStandsForThePlanItCameFrom(String engine, String name, boolean detected) {
        Path map = temp.resolve(name);
        assertThat(run("export", plan, "--to", engine, "--out", map).out()).contains("Written: ", name);
        String named = detected ? map.toString() : engine + ":" + map;
        String own = run("simulate", recording, "--plan", plan, "--holdout", 0, "--dispatch", "even", "--format", "csv")
                .out();
        String its = run("simulate", recording, "--plan", named, "--gpus", 2, "--holdout", 0, "--dispatch", "even",
                "--format", "csv").out();
        // the last three columns are of the steps planned on
        String columns = "(?m)(,[^,]*){3}$";
        assertThat(its.replace(engine + " map", "search").replaceAll(columns, ""))
                .isEqualTo(own.replaceAll(columns, ""));
        assertThat(run("compare", recording, "--gpus", 2, "--sweep", "redundant=2", "--algorithms", "deepseek",
                "--current", named).out()).contains("the plan loaded now, 2 redundant on 2 GPUs");
        Path next = temp.resolve("next.json");
        assertThat(run("plan", recording, "--gpus", 2, "--redundant", 2, "--time-budget", 1, "--current", named,
                "--out", next).out()).contains("Migration: 0 experts move");
        Path read = temp.resolve("read.json");
        run("import", map, "--from", engine, "--gpus", 2, "--for", recording, "--out", read);
        run("check", read, recording);
        Path again = temp.resolve("again." + name);
        run("export", read, "--to", engine, "--out", again);
        assertThat(again).hasSameBinaryContentAs(map);
        assertThat(run("inspect", map).out()).contains(detected ? "an expert map (" + engine + ")" : "counts");
    }

    @Test
    void mapsThatDoNotFitAreRefused() throws IOException {
        Path map = Files.writeString(temp.resolve("map.json"), "{\"physical_to_logical_map\": [[0, 1, 2, 3]]}");
        refused(1, "1 decoder layers, the recording has 2", "simulate", recording, "--plan", map, "--gpus", 2);
        refused(1, "add --gpus", "simulate", recording, "--plan", map);
        refused(1, "no map of vllm's", "simulate", recording, "--plan", "vllm:" + map, "--gpus", 2);
        refused(1, "no such file", "simulate", recording, "--plan", "vllm:" + temp.resolve("absent"));
        refused(1, "add --current-gpus", "compare", recording, "--gpus", "2,4", "--current", map);
        refused(2, "are for loads", "import", map, "--top-k", 2, "--out", temp.resolve("x"));
        refused(1, "has no layers", "simulate", recording, "--plan",
                Files.writeString(temp.resolve("p.json"),
                        Files.readString(plan).replaceAll("(?s)\"layers\":.*\"summary\"",
                                "\"layers\":[],\"summary\"")));
    }

    @Test
    void checksAPlanAgainstTheModel() throws IOException {
        Path config = temp.resolve("config.json");
        Files.writeString(config, "{\"model_type\": \"novel\", \"num_hidden_layers\": 3, \"num_experts\": 4}");
        String out = run("export", plan, "--to", "sglang", "--check-against", config, "--out", temp.resolve("a.json"))
                .out();
        assertThat(out).contains("3 decoder layers", "fits", "does not know this family", "The map has 3 rows");
        Files.writeString(config, "{\"model_type\": \"novel\", \"num_hidden_layers\": 1, \"num_experts\": 8}");
        refused(1, "it has 4 experts per layer, the model 8; it has MoE layer 1, the model 1 layers", "export", plan,
                "--to", "sglang", "--check-against", config, "--out", temp.resolve("b.json"));
        refused(1, "its MoE layers are 0, 1, the model's 0, 1, 2, 3, 4, 5", "export", plan, "--to", "sglang",
                "--check-against", Run.MODEL, "--out", temp.resolve("c.json"));
        assertThat(temp.resolve("b.json")).doesNotExist();
    }

    @Test
    void oneListIsWrittenWhereLayersAreAlike() throws IOException {
        refused(1, "differs from layer 0", "export", plan, "--to", "vllm", "--form", "list", "--out",
                temp.resolve("a.json"));
        refused(2, "--form is for", "export", plan, "--to", "sglang", "--form", "list", "--out",
                temp.resolve("a.json"));
        Path map = Files.writeString(temp.resolve("list.json"), "[0, 1, 2, 3, 0, 1]\n");
        Path read = temp.resolve("list.plan.json");
        run("import", map, "--gpus", 2, "--for", recording, "--out", read);
        run("export", read, "--to", "vllm", "--form", "list", "--out", temp.resolve("b.json"));
        assertThat(temp.resolve("b.json")).hasSameBinaryContentAs(map);
    }

    @Test
    void recordingsAreWrittenForOthersAndMerged() throws IOException {
        for (String name : new String[]{"sglang-stat a.pt", "count-matrix a.npy", "csv a.csv", "parquet a.parquet"}) {
            String[] words = name.split(" ", -1);
            run("export", recording, "--to", words[0], "--out", temp.resolve(words[1]));
        }
        Path again = temp.resolve("again");
        run("import", temp.resolve("a.csv"), "--top-k", 1, "--out", again);
        Path merged = temp.resolve("merged");
        assertThat(run("merge", recording, again, "--out", merged).out()).contains("2 recordings", "--by rank");
        assertThat(run("inspect", merged, temp.resolve("a.parquet"), plan).out()).contains("a moeplan recording",
                "a Parquet file", "2 GPUs, 6 slots");
        refused(2, "named twice", "merge", recording, again, recording.resolve("."), "--out", temp.resolve("m"));
        refused(2, "at least two", "merge", recording, "--out", temp.resolve("m"));
        refused(2, "make a plan of it first", "export", recording, "--to", "sglang", "--out", temp.resolve("x"));
        refused(1, "no such file", "export", temp.resolve("nosuch"), "--to", "csv", "--out", temp.resolve("x"));
        refused(2, "is no recording", "export", plan, "--to", "csv", "--out", temp.resolve("x"));
        refused(2, "unknown format", "export", plan, "--to", "excel", "--out", temp.resolve("x"));
    }
}
