package io.moeplan.engine.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.Models;
import io.moeplan.engine.backend.Routing;
import io.moeplan.engine.model.ModelInfo;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Counts that a backend has made give the same steps as its choices. */
final class PassRecorderTest {
    private static final int EXPERTS = 13;
    private static final int TOP_K = 3;
    private static final int LEFT_OUT = 11;
    private static final ModelInfo MODEL = new ModelInfo("m", "m", "", "", 4, new int[]{1, 3}, EXPERTS, TOP_K, 1, 0);
    /** Two waves, so that a pass may be in both. */
    private static final List<List<Request>> WAVES = List.of(Models.workload(3, 50, 99, 4),
            Models.workload(5, 40, 99, 5));

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 10, 64, 1000})
    void countsAreWhatChoicesAddUpTo(int passTokens) throws IOException {
        RecordingOptions options = new RecordingOptions(RecordingMode.PER_PASS, passTokens, 1, false);
        StepAssembler ofChoices = new StepAssembler(MODEL, options, 0);
        StepAssembler ofCounts = new StepAssembler(MODEL, options, 0);
        Rows chosen = new Rows();
        Rows counted = new Rows();
        Random random = new Random(passTokens);
        int left = LEFT_OUT;
        int tokens = 0;
        for (List<Request> wave : WAVES) {
            int inWave = wave.stream().mapToInt(Request::tokens).sum();
            try (PassRecorder choices = new PassRecorder(ofChoices, wave, left, List.of());
                    PassRecorder counts = new PassRecorder(ofCounts, wave, left, List.of())) {
                assertThat(counts.starts()[0]).isEqualTo(left);
                assertThat(counts.starts()[counts.starts().length - 1]).isEqualTo(inWave);
                for (int layer = 0; layer < MODEL.moeLayers().length; layer++) {
                    Routing routing = random(random, inWave);
                    choices.choices(routing);
                    counts.counts(counts(routing, counts.starts()));
                }
                choices.writeTo(chosen);
                counts.writeTo(counted);
            }
            tokens += inWave - left;
            left = 0;
        }
        ofChoices.finish(chosen);
        ofCounts.finish(counted);
        assertThat(counted.steps).usingRecursiveComparison().isEqualTo(chosen.steps);
        List<Integer> sizes = new ArrayList<>();
        for (RecordingSink.Step step : counted.steps) {
            assertThat(Arrays.stream(step.counts()).sum())
                    .isEqualTo(step.tokens() * TOP_K * MODEL.moeLayers().length);
            sizes.add(step.tokens());
        }
        assertThat(sizes.stream().mapToInt(size -> size).sum()).isEqualTo(tokens);
        assertThat(sizes.subList(0, sizes.size() - 1)).allMatch(size -> size == passTokens);
    }

    private static Routing random(Random random, int tokens) {
        Routing routing = new Routing(TOP_K, new char[tokens * TOP_K], new float[0]);
        for (int i = 0; i < routing.experts().length; i++) {
            routing.experts()[i] = (char) random.nextInt(EXPERTS);
        }
        return routing;
    }

    private static MemorySegment counts(Routing routing, int[] starts) {
        int[] counts = new int[(starts.length - 1) * EXPERTS];
        for (int p = 0; p + 1 < starts.length; p++) {
            for (int i = starts[p] * TOP_K; i < starts[p + 1] * TOP_K; i++) {
                counts[p * EXPERTS + routing.experts()[i]]++;
            }
        }
        return MemorySegment.ofArray(counts);
    }
}
