package io.moeplan.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.engine.generate.Completion;
import io.moeplan.engine.generate.Generation;
import io.moeplan.engine.generate.Sampling;
import io.moeplan.engine.record.RecordingMode;
import io.moeplan.engine.record.RecordingOptions;
import io.moeplan.engine.record.RecordingSink;
import io.moeplan.engine.record.Rows;
import io.moeplan.engine.workload.Request;
import io.moeplan.tensors.SafetensorsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class GenerationTest {
    private static final int PROMPT = 12;
    private static final Sampling WARM = new Sampling(1.5, 0.95, 4);

    static Stream<String> models() throws IOException {
        return Models.fixtures().filter(name -> {
            try (SafetensorsFile expected = SafetensorsFile
                    .open(Models.directory(name).resolve("expected.safetensors"))) {
                return expected.names().contains("generated");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("models")
    void greedyIsWhatTransformersGenerates(String name) throws IOException {
        Path directory = Models.directory(name);
        try (SafetensorsFile expected = SafetensorsFile.open(directory.resolve("expected.safetensors"));
                Engine engine = Engine.open(directory, Models.options(2))) {
            int[] generated = expected.find("generated").orElseThrow().toInts();
            int[] prompt = Arrays.copyOf(generated, PROMPT);
            // Others in the batch, one of them with a response that stays as it is.
            List<Request> requests = List.of(new Request("other", null, new int[]{5, 6, 7}, new int[0]),
                    new Request("given", null, new int[]{1}, new int[]{2, 3}),
                    new Request("golden", null, prompt, new int[0]));
            Generation generation = engine.generate(requests,
                    new GenerationOptions(generated.length - PROMPT, Sampling.GREEDY, true, progress -> {},
                            () -> false));
            assertThat(generation.completions()).extracting(Completion::request).containsExactly(0, 2);
            assertThat(generation.completions().getLast().ids())
                    .containsExactly(Arrays.copyOfRange(generated, PROMPT, generated.length));
            List<Request> answered = generation.respond(requests);
            assertThat(answered.get(1)).isSameAs(requests.get(1));
            assertThat(answered.get(2).responseIds()).hasSize(generated.length - PROMPT);
        }
    }

    private static List<Request> prompts(int count) {
        return Models.workload(count, 60, 384, 9).stream().map(request -> request.withResponse(new int[0])).toList();
    }

    private static List<int[]> generate(List<Request> requests, long memory, int threads, Sampling sampling)
            throws IOException {
        try (Engine engine = Engine.open(Models.directory("qwen3_moe"),
                new EngineOptions(memory, threads, warning -> {}))) {
            return engine.generate(requests, GenerationOptions.quiet(20, sampling)).completions().stream()
                    .map(Completion::ids).toList();
        }
    }

    @Test
    void doesNotDependOnTheBatch() throws IOException {
        List<Request> requests = prompts(30);
        List<int[]> together = generate(requests, 1L << 32, 2, WARM);
        assertThat(together.stream().map(Arrays::hashCode).distinct().count()).isGreaterThan(20);
        List<int[]> few = generate(requests, smallest(requests) + 200_000, 1, WARM);
        assertThat(few).usingRecursiveComparison().isEqualTo(together);
        assertThat(generate(requests, 1L << 32, 2, new Sampling(1.5, 0.95, 5))).usingRecursiveComparison()
                .isNotEqualTo(together);
    }

    /** About the least memory that the first of them alone can be generated in. */
    private static long smallest(List<Request> requests) {
        long low = 1;
        long high = 1L << 26;
        while (high - low > 1 << 16) {
            long middle = (low + high) / 2;
            try {
                assertThat(generate(requests.subList(0, 1), middle, 1, Sampling.GREEDY)).hasSize(1);
                high = middle;
            } catch (IOException | IllegalArgumentException e) {
                low = middle;
            }
        }
        return high;
    }

    @Test
    void greedyDoesNotDependOnOrder() throws IOException {
        List<Request> requests = new ArrayList<>(prompts(10));
        List<int[]> before = generate(requests, 1L << 32, 2, Sampling.GREEDY);
        Collections.reverse(requests);
        List<int[]> after = new ArrayList<>(generate(requests, 1L << 32, 2, Sampling.GREEDY));
        Collections.reverse(after);
        assertThat(after).usingRecursiveComparison().isEqualTo(before);
    }

    @Test
    void isRecordedAsPhaseOne() throws IOException {
        List<Request> requests = prompts(3);
        try (Engine engine = Engine.open(Models.directory("qwen3_moe"), Models.options(2))) {
            List<Request> answered = engine.generate(requests, GenerationOptions.quiet(5, Sampling.GREEDY))
                    .respond(requests);
            Rows rows = new Rows();
            engine.recorder().start(RecordingOptions.of(RecordingMode.PER_TOKEN), rows);
            engine.run(answered, RunOptions.quiet());
            int responses = 0;
            for (byte phase : rows.tokens().phase()) {
                responses += phase == RecordingSink.RESPONSE ? 1 : 0;
            }
            assertThat(responses).isEqualTo(answered.stream().mapToInt(r -> r.responseIds().length).sum())
                    .isPositive();
        }
    }

    @Test
    void stopsAtStopTokens(@TempDir Path directory) throws IOException {
        Path model = Models.copy("qwen3_moe", directory);
        List<Request> requests = prompts(1);
        int[] free = generate(requests, 1L << 32, 1, Sampling.GREEDY).getFirst();
        int stop = free[3];
        int first = 0;
        while (free[first] != stop) {
            first++;
        }
        Files.writeString(model.resolve("generation_config.json"), "{\"eos_token_id\": [383, " + stop + "]}");
        try (Engine engine = Engine.open(model, Models.options(1))) {
            Completion stopped = engine.generate(requests, GenerationOptions.quiet(20, Sampling.GREEDY)).completions()
                    .getFirst();
            assertThat(stopped.finish()).isEqualTo(Completion.Finish.STOP);
            assertThat(stopped.ids()).containsExactly(Arrays.copyOf(free, first + 1));
        }
    }

    @Test
    void endsWhereTheModelEnds() throws IOException {
        try (Engine engine = Engine.open(Models.directory("qwen3_moe"), Models.options(2))) {
            int most = engine.architecture().maxPositions();
            Random random = new Random(1);
            List<Request> requests = List.of(
                    new Request("full", null, random.ints(most, 0, 384).toArray(), new int[0]),
                    new Request("nearly", null, random.ints(most - 2, 0, 384).toArray(), new int[0]));
            List<Completion> completions = engine.generate(requests, GenerationOptions.quiet(20, WARM)).completions();
            assertThat(completions).extracting(completion -> completion.ids().length).containsExactly(0, 2);
            assertThat(completions).extracting(Completion::finish).containsOnly(Completion.Finish.LENGTH);
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        assertThatThrownBy(() -> generate(prompts(2), 1 << 20, 1, Sampling.GREEDY))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll("generating takes", "of weights",
                        "request r", "--memory is 1.0 MiB");
    }

    @Test
    void canBeCancelled() throws IOException {
        AtomicInteger asked = new AtomicInteger();
        try (Engine engine = Engine.open(Models.directory("qwen3_moe"), Models.options(2))) {
            GenerationOptions options = new GenerationOptions(20, Sampling.GREEDY, false, progress -> {},
                    () -> asked.incrementAndGet() > 50);
            assertThatThrownBy(() -> engine.generate(prompts(4), options)).isInstanceOf(CancellationException.class);
        }
    }

    @Test
    void tellsHowFarItIs() throws IOException {
        List<GenerationProgress> told = new ArrayList<>();
        try (Engine engine = Engine.open(Models.directory("qwen3_moe"), Models.options(2))) {
            Generation generation = engine.generate(prompts(4),
                    new GenerationOptions(6, Sampling.GREEDY, false, told::add, () -> false));
            assertThat(told.getLast().finished()).isEqualTo(4);
            assertThat(told.getLast().tokens()).isEqualTo(generation.tokens());
        }
    }
}
