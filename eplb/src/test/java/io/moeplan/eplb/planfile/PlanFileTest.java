package io.moeplan.eplb.planfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.TestLoads;
import io.moeplan.eplb.planner.Planner;
import io.moeplan.eplb.planner.Planners;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanFileTest {
    @TempDir
    Path folder;

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Path file = folder.resolve("plan.json");
        for (Planner planner : Planners.all()) {
            Plan plan = TestLoads.plan(planner);
            PlanFile.write(plan, file);
            assertSame(PlanFile.read(file), plan);
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void namesAreEscapedAndMayBeUnknown() throws IOException {
        Plan plan = TestLoads.plan();
        Plan odd = new Plan(new Plan.Model("a\"b\\c\nü", null, 8, 0, 2), new Plan.Recording(null, 4, 9),
                plan.topology(),
                plan.algorithm(), plan.objective(), plan.layers());
        Path file = folder.resolve("plan.json");
        PlanFile.write(odd, file);
        assertSame(PlanFile.read(file), odd);
    }

    private static void assertSame(Plan read, Plan plan) {
        assertThat(read).usingRecursiveComparison().isEqualTo(plan);
    }

    @Test
    void aLayerIsALineAndTheSummarySumsUp() throws IOException {
        Plan plan = TestLoads.plan();
        String text = PlanFile.render(plan);
        assertThat(text.lines().filter(line -> line.startsWith("{\"layer\":"))).hasSize(2);
        JsonNode json = new ObjectMapper().readTree(text);
        assertThat(json.at("/topology").toString())
                .isEqualTo("{\"nodes\":2,\"gpus_per_node\":2,\"slots_per_gpu\":3}");
        assertThat(json.at("/objective/name").asText()).isEqualTo("mean");
        double first = plan.layers().get(0).gap();
        double second = plan.layers().get(1).gap();
        assertThat(json.at("/summary/gap/mean").asDouble()).isEqualTo((first + second) / 2);
        assertThat(json.at("/summary/gap/worst").asDouble()).isEqualTo(Math.max(first, second));
        assertThat(json.at("/summary/balancedness/worst").asDouble())
                .isEqualTo(1 / json.at("/summary/max_over_mean/worst").asDouble());
    }

    @Test
    void aFileThatCannotBeWrittenIsNamed() {
        Plan plan = TestLoads.plan();
        assertThatThrownBy(() -> PlanFile.write(plan, folder)).isInstanceOf(IOException.class)
                .hasMessage(folder + ": is a directory, name a file in it");
        Path nowhere = folder.resolve("no/plan.json");
        assertThatThrownBy(() -> PlanFile.write(plan, nowhere)).hasMessage(nowhere + ": its directory does not exist");
    }

    /** Each row replaces one text in a good plan's file; what then is wrong, and where. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            "format":"moeplan-plan"     | "format":"moeplan-recording" | $.format: "moeplan-recording" is not "moeplan-plan"
            "format":"moeplan-plan",    | ``                           | $.format: is missing
            "version":1                 | "version":2                  | $.version: 2 is newer than this build reads (1): update moeplan
            "version":1                 | "version":0                  | $.version: 0 is not within 1 and 9223372036854775807
            "version":1                 | "version":"1"                | $.version: is not a whole number
            "model":                    | "modell":                    | $.model: is missing
            "experts":8                 | "experts":-8                 | $.model.experts: -8 is not within 1 and 2147483647
            "experts":8                 | "experts":99                 | $.topology: its 12 slots do not hold 99 experts
            "experts":8                 | "experts":7                  | EXPERT 7
            "experts":8                 | "experts":9                  | $.layers[0].physical_to_logical: expert 8 has no slot
            "experts":8                 | "experts":8e99               | $.model.experts: is not a whole number
            "top_k":2                   | "top_k":9                    | $.model.top_k: 9 is not within 0 and 8
            "groups":2                  | "groups":0                   | $.model.groups: 0 is not within 1 and 8
            "name":"tiny-moe"           | "name":5                     | $.model.name: is not a string
            "steps":4                   | "steps":4.5                  | $.recording.steps: is not a whole number
            "slots_per_gpu":3           | "slots_per_gpu":4            | $.layers[0].physical_to_logical: the map has 12 slots, the topology 16
            "slots_per_gpu":3           | "slots_per_gpu":2000000000   | $.topology.slots_per_gpu: 2000000000 is not within 1 and 536870911
            "nodes":2                   | "nodes":0                    | $.topology.nodes: 0 is not within 1 and 2147483647
            "algorithm":"deepseek"      | "algorithm":null             | $.algorithm: is not a string
            "objective":{"name":"mean"} | "objective":"mean"           | $.objective: is not an object
            "layers":[                  | "layers":[7,                 | $.layers[0]: is not an object
            "layers":[                  | "layers":{},"x":[            | $.layers: is not an array
            "layers":[                  | "layers":[],"x":[            | $.layers: has no layers
            "layer":5                   | "layer":3                    | $.layers[1].layer: layer 3 comes after layer 3: layers must ascend
            "layer":5                   | "layer":99999                | $.layers[1].layer: 99999 is not within 0 and 32767
            "physical_to_logical":[     | "physical_to_logical":["a",  | $.layers[0].physical_to_logical[0]: is not a whole number
            "physical_to_logical":[     | "physical_to_logical":[0,    | $.layers[0].physical_to_logical: the map has 13 slots, the topology 12
            "balancedness":0.           | "balancedness":7.            | BALANCEDNESS
            "gap":0.                    | "gap":1e999,"x":0.           | $.layers[0].gap: Infinity is not within 0.0 and 1.7976931348623157E308
            "gap":0.                    | "gap":NaN,"x":0.             | NAN
            "layers":[                  | "layers":[{                  | SYNTAX
            "algorithm":                | "version":1,"algorithm":     | DUPLICATE
            """)
    void aMalformedFileIsRefusedInOneLine(String text, String instead, String message) throws IOException {
        String good = PlanFile.render(TestLoads.plan());
        assertThat(good).contains(text);
        Path file = folder.resolve("bad.json");
        int at = good.indexOf(text);
        Files.writeString(file, good.substring(0, at) + instead + good.substring(at + text.length()));
        String expected = switch (message) {
            case "EXPERT 7" -> "\\$\\.layers\\[0]\\.physical_to_logical\\[\\d+]: expert 7 is none of 0 to 6";
            case "BALANCEDNESS" -> "\\$\\.layers\\[0]\\.balancedness: 7\\.\\d+ is not within 0\\.0 and 1\\.0";
            case "NAN" -> "line \\d+, column \\d+: is not JSON: Non-standard token 'NaN'.*";
            case "SYNTAX" -> "line \\d+, column \\d+: is not JSON: Unexpected character.*";
            case "DUPLICATE" -> "line \\d+, column \\d+: is not JSON: Duplicate field 'version'.*";
            default -> Pattern.quote(message);
        };
        assertThatThrownBy(() -> PlanFile.read(file)).isInstanceOf(PlanFileException.class)
                .hasMessageMatching(Pattern.quote(file + ": ") + expected);
    }

    @Test
    void whatIsNoPlanAtAllIsRefused() throws IOException {
        Path file = folder.resolve("plan.json");
        assertThatThrownBy(() -> PlanFile.read(file)).hasMessage(file + ": there is no such file");
        Files.write(file, new byte[]{(byte) 0xff, (byte) 0xfe, 0});
        assertThatThrownBy(() -> PlanFile.read(file)).hasMessage(file + ": is not UTF-8 text, so not a plan file");
        Files.writeString(file, "");
        assertThatThrownBy(() -> PlanFile.read(file)).hasMessage(file + ": is empty, so no plan file");
        Files.writeString(file, "[1, 2]");
        assertThatThrownBy(() -> PlanFile.read(file)).hasMessage(file + ": $: is not an object");
        Files.writeString(file, "[".repeat(100_000));
        assertThatThrownBy(() -> PlanFile.read(file)).isInstanceOf(PlanFileException.class)
                .hasMessageStartingWith(file + ": is not JSON: Document nesting depth");
        String good = PlanFile.render(TestLoads.plan());
        Files.writeString(file, good.substring(0, good.length() / 2));
        assertThatThrownBy(() -> PlanFile.read(file)).hasMessageContaining("is not JSON: Unexpected end-of-input");
        Files.writeString(file, good + good);
        assertThatThrownBy(() -> PlanFile.read(file)).isInstanceOf(PlanFileException.class)
                .hasMessageContaining("is not JSON: Trailing token");
        assertThatThrownBy(() -> PlanFile.read(folder)).isInstanceOf(PlanFileException.class)
                .hasMessageStartingWith(folder + ": ");
    }
}
