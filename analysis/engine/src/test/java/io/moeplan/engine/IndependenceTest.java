package io.moeplan.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.cpu.Arithmetic;
import io.moeplan.engine.cpu.CpuBackend;
import io.moeplan.engine.cpu.WeightReading;
import io.moeplan.engine.gemm.Gemm;
import io.moeplan.engine.gemm.Gemms;
import io.moeplan.engine.gemm.Precision;
import io.moeplan.engine.record.RecordingMode;
import io.moeplan.engine.record.RecordingOptions;
import io.moeplan.engine.record.RecordingSink;
import io.moeplan.engine.record.Rows;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Results are the same bit for bit, however the work is divided. */
final class IndependenceTest {
    private static final List<Request> WORKLOAD = Models.workload(23, 150, 384, 3);

    private static final long ALL = Long.MAX_VALUE;

    /** Everything computed for each request: routing, weights, hidden states and logits. */
    private static final class Trace implements Observer {
        private final List<Request> requests;
        private final Map<String, List<Integer>> bits = new HashMap<>();

        Trace(List<Request> requests) {
            this.requests = requests;
            requests.forEach(request -> bits.put(request.id(), new ArrayList<>()));
        }

        @Override
        public void hidden(int layer, int request, int position, float[] values) {
            add(request, values);
        }

        @Override
        public void logits(int request, int position, float[] values) {
            add(request, values);
        }

        private void add(int request, float[] values) {
            List<Integer> list = bits.get(requests.get(request).id());
            for (float value : values) {
                list.add(Float.floatToRawIntBits(value));
            }
        }
    }

    private record Outcome(Map<String, List<Integer>> bits, int waves) {}

    private static Outcome run(Path model, long waveTokens, int threads, List<Request> requests) throws IOException {
        return run(model, waveTokens, threads, requests, WeightReading.MAPPED);
    }

    private static Outcome run(Path model, long waveTokens, int threads, List<Request> requests,
            WeightReading reading) throws IOException {
        EngineOptions options = new EngineOptions(1L << 32, threads, warning -> {}, waveTokens);
        return run(model, Arithmetic.float32(), threads, requests, reading, options);
    }

    private static Outcome run(Path model, Arithmetic arithmetic, int threads, List<Request> requests,
            WeightReading reading, EngineOptions options) throws IOException {
        try (Engine engine = Engine.open(model, options, loaded -> new CpuBackend(loaded, arithmetic, threads, 1L << 28,
                reading, options.warnings()))) {
            Trace trace = new Trace(requests);
            Rows rows = new Rows();
            engine.recorder().start(new RecordingOptions(RecordingMode.PER_TOKEN, 64, 1, true), rows);
            RunResult result = engine.run(requests, RunOptions.observedBy(trace));
            RecordingSink.TokenRows tokens = rows.tokens();
            int width = tokens.experts().length / tokens.rows();
            for (int row = 0; row < tokens.rows(); row++) {
                List<Integer> bits = trace.bits.get(rows.requests.get(tokens.request()[row]).id());
                for (int i = row * width; i < (row + 1) * width; i++) {
                    bits.add((int) tokens.experts()[i]);
                    bits.add(Float.floatToRawIntBits(tokens.weights()[i]));
                }
            }
            return new Outcome(trace.bits, result.waves());
        }
    }

    @Test
    void ofWavesThreadsAndOrder() throws IOException {
        Path model = Models.directory("qwen3_moe");
        Outcome all = run(model, ALL, 1, WORKLOAD);
        assertThat(all.waves()).isEqualTo(1);
        Outcome single = run(model, 1, 2, WORKLOAD);
        assertThat(single.waves()).isEqualTo(WORKLOAD.size());
        assertThat(single.bits()).isEqualTo(all.bits());
        Outcome some = run(model, 300, 3, WORKLOAD);
        assertThat(some.waves()).isBetween(2, WORKLOAD.size() - 1);
        assertThat(some.bits()).isEqualTo(all.bits());
        List<Request> shuffled = new ArrayList<>(WORKLOAD);
        Collections.shuffle(shuffled, new Random(5));
        assertThat(run(model, ALL, 2, shuffled).bits()).isEqualTo(all.bits());
    }

    static Stream<Arguments> implementations() {
        return Gemms.all().stream().map(gemm -> Arguments.of(gemm.name(), gemm));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("implementations")
    void ofWavesAndThreadsHoweverProductsAreComputed(String name, Gemm gemm) throws IOException {
        for (String family : List.of("qwen3_moe", "deepseek_v3_fp8", "gpt_oss_mxfp4", "qwen3_next")) {
            List<Request> few = Models.workload(7, 90, 256, 9);
            List<Request> shuffled = new ArrayList<>(few);
            Collections.shuffle(shuffled, new Random(6));
            Arithmetic arithmetic = new Arithmetic(gemm, Gemms.best(Precision.FP32));
            Map<String, List<Integer>> all = run(Models.directory(family), arithmetic, 1, few, WeightReading.MAPPED,
                    new EngineOptions(1L << 32, 1, warning -> {})).bits();
            Map<String, List<Integer>> some = run(Models.directory(family), arithmetic, 3, shuffled,
                    WeightReading.STREAMED, new EngineOptions(1L << 32, 3, warning -> {}, 100)).bits();
            assertThat(some).as(family).isEqualTo(all);
        }
    }

    @Test
    void ofShardsAndConfigStyle(@TempDir Path directory) throws IOException {
        Path single = Models.directory("qwen3_moe");
        Path sharded = Files.createDirectories(directory.resolve("sharded"));
        CheckpointWriter.of(single.resolve("model.safetensors")).writeShards(sharded, 3);
        String config = Files.readString(single.resolve("config.json"));
        String older = config.replaceAll("\"rope_parameters\": \\{[^}]*\\}",
                "\"rope_theta\": 10000.0, \"rope_scaling\": null").replace("num_local_experts", "num_experts")
                .replace("\"dtype\"", "\"torch_dtype\"");
        assertThat(older).isNotEqualTo(config).contains("torch_dtype").doesNotContain("rope_parameters");
        Files.writeString(sharded.resolve("config.json"), older);
        List<Request> few = WORKLOAD.subList(0, 4);
        assertThat(run(sharded, ALL, 2, few).bits()).isEqualTo(run(single, ALL, 2, few).bits());
    }

    @ParameterizedTest
    @ValueSource(strings = {"deepseek_v3_fp8", "gpt_oss", "gpt_oss_mxfp4", "qwen3_next", "qwen2_moe", "granitemoe",
        "llama4_text"})
    void ofWhereWeightsAre(String name) throws IOException {
        Path model = Models.directory(name);
        List<Request> few = Models.workload(5, 60, 256, 8);
        Outcome mapped = run(model, ALL, 2, few);
        Outcome streamed = run(model, 80, 2, few, WeightReading.STREAMED);
        assertThat(streamed.waves()).isGreaterThan(1);
        assertThat(streamed.bits()).isEqualTo(mapped.bits());
    }

    @Test
    void ofWhetherSomeoneLooks() throws IOException {
        Path model = Models.directory("qwen3_moe");
        try (Engine engine = Engine.open(model, Models.options(2))) {
            List<short[]> experts = new ArrayList<>();
            for (RunOptions options : List.of(RunOptions.quiet(), RunOptions.observedBy(new Trace(WORKLOAD)))) {
                Rows rows = new Rows();
                engine.recorder().start(RecordingOptions.of(RecordingMode.PER_TOKEN), rows);
                engine.run(WORKLOAD, options);
                engine.recorder().stop();
                experts.add(rows.tokens().experts());
            }
            assertThat(Arrays.equals(experts.get(0), experts.get(1))).isTrue();
        }
    }
}
