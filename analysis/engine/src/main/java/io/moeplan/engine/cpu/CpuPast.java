package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Past;
import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Wanted;
import io.moeplan.engine.backend.Wave;
import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.Model;
import io.moeplan.engine.model.Rope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Growing sequences on the CPU; their keys and values are outside the Java heap, states of linear attention on it. */
final class CpuPast implements Past {
    private final Model model;
    private final Architecture architecture;
    private final Workers workers;
    private final Sizes sizes;
    private final FiniteCheck finite;
    /** Where they are mapped: every step needs all of them. */
    private final Weights weights;
    private final int longest;
    private final int rows;
    private final Map<Rope, RotaryTable> rotaries = new HashMap<>();
    /** By number, null where one ended. */
    private final List<KeptSequence> sequences = new ArrayList<>();
    private final BlockPool pool = new BlockPool();

    CpuPast(Model model, Workers workers, Sizes sizes, FiniteCheck finite, int longest, int rows) {
        this.model = model;
        this.architecture = model.architecture();
        this.workers = workers;
        this.sizes = sizes;
        this.finite = finite;
        this.weights = new Weights(model, model.layers().size(), false, true, sizes);
        this.longest = longest;
        this.rows = rows;
        for (Architecture.Layer layer : architecture.layers()) {
            if (layer.attention() instanceof Attention.Softmax a) {
                a.rope().ifPresent(rope -> rotaries.computeIfAbsent(rope, r -> new RotaryTable(r, longest)));
            }
        }
    }

    @Override
    public long bytes(int tokens) {
        return KeptSequence.bytes(architecture, element(), tokens, rows);
    }

    private Element element() {
        return workers.own().arithmetic().exact().input();
    }

    /** States are on the heap; the rest of it is for waves and the garbage between two collections. */
    @Override
    public long capacity() {
        boolean states = architecture.layers().stream()
                .anyMatch(layer -> layer.attention() instanceof Attention.GatedDelta);
        return states ? Runtime.getRuntime().maxMemory() / 2 : Long.MAX_VALUE;
    }

    @Override
    public long waveBytes() {
        long tables = rotaries.keySet().stream().mapToLong(rope -> 8L * longest * rope.frequencies().length).sum();
        int tileRows = Tiles.of(0, rows, workers.threads(), workers.tileRows()).size();
        long absorbed = architecture.layers().stream()
                .mapToLong(layer -> layer.attention() instanceof Attention.Latent a
                        ? 4L * a.heads() * (2L * a.latentRank() + a.rotaryDim() + a.keyDim() + a.valueDim())
                        : 0)
                .max().orElse(0);
        long perThread = tileRows * (absorbed + 4L * 2 * wideHeads());
        return WaveBuffers.bytes(architecture, element(), sizes, rows, 1, workers.threads()) + tables
                + workers.threads() * perThread;
    }

    /** Floats of all queries of a token: the most that a group of heads makes of it. */
    private long wideHeads() {
        return architecture.layers().stream().mapToLong(layer -> layer.attention() instanceof Attention.Softmax a
                ? (long) a.heads() * (a.keyDim() + a.valueDim())
                : 0).max().orElse(0);
    }

    @Override
    public int begin(int tokens) {
        if (tokens > longest) {
            throw new IllegalArgumentException("a sequence of " + tokens + " tokens, at most " + longest + " are kept");
        }
        KeptSequence begun = new KeptSequence(architecture, element(), tokens, pool);
        int free = sequences.indexOf(null);
        if (free >= 0) {
            sequences.set(free, begun);
            return free;
        }
        sequences.add(begun);
        return sequences.size() - 1;
    }

    @Override
    public int length(int sequence) {
        return sequences.get(sequence).length();
    }

    @Override
    public Wave extend(int[] numbers, List<int[]> next) {
        List<KeptSequence> extended = IntStream.of(numbers).mapToObj(sequences::get).toList();
        Sequences wave = new Sequences(next, extended.stream().mapToInt(KeptSequence::length).toArray());
        for (int s = 0; s < numbers.length; s++) {
            extended.get(s).extend(next.get(s).length);
        }
        WaveBuffers buffers = WaveBuffers.allocate(architecture, element(), sizes, wave.tokens(), 1, workers.threads());
        return new CpuWave(model, workers, wave, Wanted.NOTHING, buffers, weights, finite,
                new Continued(rotaries, extended));
    }

    @Override
    public void end(int sequence) {
        sequences.get(sequence).end();
        sequences.set(sequence, null);
    }

    @Override
    public void close() {
        sequences.clear();
        pool.close();
    }
}
