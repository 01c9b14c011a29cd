package io.moeplan.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.backend.Past;
import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Wanted;
import io.moeplan.engine.backend.Wave;
import io.moeplan.engine.backend.Work;
import io.moeplan.engine.cpu.CpuBackend;
import io.moeplan.engine.cpu.WeightReading;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Model;
import io.moeplan.tensors.Checkpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sequences that go through the model in pieces give the logits that they give in one pass. */
final class CachedLogitsTest {
    private static final int LENGTH = 300;
    private static final Work NOBODY = flops -> {};

    static Stream<String> models() throws IOException {
        return Models.fixtures();
    }

    @ParameterizedTest
    @MethodSource("models")
    void ofPiecesAreThoseOfOnePass(String name) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Models.directory(name))) {
            Model model = Model.load(checkpoint);
            Random random = new Random(17);
            int length = Math.min(LENGTH, model.architecture().maxPositions());
            List<int[]> sequences = Stream.of(length, length / 2, 7)
                    .map(count -> random.ints(count, 0, model.architecture().vocabulary()).toArray()).toList();
            try (CpuBackend backend = new CpuBackend(model, 2, 1L << 32, WeightReading.MAPPED, warning -> {})) {
                compare(model.architecture(), inPieces(model, backend, sequences, random),
                        inOnePass(model, backend, sequences));
            }
        }
    }

    /** Only latent attention computes the same in another order. */
    private static void compare(Architecture architecture, float[][] have, float[][] want) {
        boolean latent = architecture.layers().stream().anyMatch(l -> l.attention() instanceof Attention.Latent);
        for (int token = 0; token < want.length; token++) {
            for (int id = 0; latent && id < want[token].length; id++) {
                assertThat(Math.abs(have[token][id] - want[token][id])).as("token %d, id %d", token, id)
                        .isLessThan(2e-4f);
            }
            assertThat(latent || Arrays.equals(have[token], want[token])).as("token %d", token).isTrue();
        }
    }

    private static float[][] inOnePass(Model model, CpuBackend backend, List<int[]> sequences) {
        try (Wave wave = backend.begin(new Sequences(sequences), Wanted.NOTHING)) {
            return logits(model, wave, sequences.stream().mapToInt(ids -> ids.length).sum());
        }
    }

    private static float[][] inPieces(Model model, CpuBackend backend, List<int[]> sequences, Random random) {
        int[] starts = new int[sequences.size() + 1];
        int[] numbers = new int[sequences.size()];
        float[][] all = new float[sequences.stream().mapToInt(ids -> ids.length).sum()][];
        try (Past past = backend.past(LENGTH, 64)) {
            // A number that is given again must not bring anything along.
            past.end(past.begin(LENGTH));
            for (int s = 0; s < sequences.size(); s++) {
                starts[s + 1] = starts[s] + sequences.get(s).length;
                numbers[s] = past.begin(sequences.get(s).length);
            }
            for (int[] taken = choose(past, numbers, sequences, random); taken.length > 0; taken = choose(past,
                    numbers, sequences, random)) {
                List<int[]> next = new ArrayList<>();
                List<Integer> rows = new ArrayList<>();
                for (int s : taken) {
                    int from = past.length(numbers[s]);
                    int most = random.nextInt(3) == 0 ? 40 : 1;
                    int to = Math.min(from + 1 + random.nextInt(most), sequences.get(s).length);
                    next.add(Arrays.copyOfRange(sequences.get(s), from, to));
                    IntStream.range(from, to).forEach(position -> rows.add(starts[s] + position));
                }
                try (Wave wave = past.extend(IntStream.of(taken).map(s -> numbers[s]).toArray(), next)) {
                    float[][] logits = logits(model, wave, rows.size());
                    for (int row = 0; row < rows.size(); row++) {
                        all[rows.get(row)] = logits[row];
                    }
                }
            }
        }
        return all;
    }

    /** Some of the sequences that are not through. */
    private static int[] choose(Past past, int[] numbers, List<int[]> sequences, Random random) {
        int[] open = IntStream.range(0, numbers.length)
                .filter(s -> past.length(numbers[s]) < sequences.get(s).length).toArray();
        int[] some = IntStream.of(open).filter(s -> random.nextInt(3) > 0).toArray();
        return some.length > 0 ? some : open;
    }

    private static float[][] logits(Model model, Wave wave, int tokens) {
        for (int layer = 0; layer < model.layers().size(); layer++) {
            wave.attention(layer, NOBODY);
            switch (model.architecture().layers().get(layer).feedForward()) {
                case FeedForward.Dense dense -> wave.dense(layer, NOBODY);
                case FeedForward.Sparse sparse -> {
                    assertThat(wave.route(layer, NOBODY)).isEqualTo(-1);
                    wave.experts(layer, NOBODY);
                }
            }
        }
        float[][] logits = new float[tokens][model.architecture().vocabulary()];
        wave.logits(IntStream.range(0, tokens).toArray(), logits, NOBODY);
        return logits;
    }
}
