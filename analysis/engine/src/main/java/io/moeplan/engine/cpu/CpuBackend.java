package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Backend;
import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Wave;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Model;

/**
 * Runs a model on the CPU in float32. Weights stay in the mapped checkpoint and are decoded where they are used; results
 * are the same bit for bit for any number of threads and any division into waves.
 */
public final class CpuBackend implements Backend {
    /** Bytes of expert outputs that wait to be added to the residual. */
    private static final long OUTPUT_BYTES = 256L << 20;
    private static final int ATTENTION_TOKENS_PER_THREAD = 2048;

    private final Model model;
    private final Workers workers;

    /**
     * Starts the threads.
     *
     * @param threads how many threads compute, the caller's included; at least 1
     */
    public CpuBackend(Model model, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + ", expected at least 1");
        }
        this.model = model;
        this.workers = new Workers(threads);
    }

    @Override
    public String device() {
        return "cpu (" + workers.threads() + (workers.threads() == 1 ? " thread)" : " threads)");
    }

    @Override
    public String precision() {
        return "fp32";
    }

    @Override
    public long waveBytes(long tokens, int longest) {
        Architecture architecture = model.architecture();
        int hidden = architecture.hidden();
        long topK = model.info().topK();
        // Residual and normed input; id and position; routing (2 + 4) and pairs sorted by expert (4 + 4).
        long perToken = 8L * hidden + 8 + 14 * topK;
        long outputs = 4L * hidden * outputRows(tokens);
        long attended = attentionTokens(tokens, longest);
        return switch (architecture.attention()) {
            case Attention.GroupedQuery a -> {
                long rows = Math.min(tokens, Projection.MAX_ROWS);
                long tile = 4 * rows * (2L * hidden + 2L * a.queryWidth() + 2L * a.keyWidth() + 2L * widestMlp() + 256);
                long perThread = tile + 64 * attended;
                long rotary = 4L * a.headDim() * longest;
                yield tokens * perToken + outputs + 8 * attended * a.keyWidth() + rotary
                        + workers.threads() * perThread;
            }
        };
    }

    private int widestMlp() {
        return model.architecture().layers().stream().mapToInt(layer -> switch (layer) {
            case FeedForward.Dense dense -> dense.width();
            case FeedForward.Sparse sparse -> sparse.width();
        }).max().orElse(0);
    }

    /** Tokens whose keys and values are held at once. */
    private int attentionTokens(long tokens, int longest) {
        return (int) Math.min(tokens, Math.max(longest, (long) ATTENTION_TOKENS_PER_THREAD * workers.threads()));
    }

    /** Rows of the buffer of expert outputs. */
    private int outputRows(long tokens) {
        long room = Math.max(Projection.MAX_ROWS, OUTPUT_BYTES / (4L * model.architecture().hidden()));
        return (int) Math.min(room, tokens * model.info().topK());
    }

    @Override
    public Wave begin(Sequences sequences) {
        int tokens = sequences.tokens();
        KeyValues cache = switch (model.architecture().attention()) {
            case Attention.GroupedQuery shape ->
                KeyValues.allocate(shape, attentionTokens(tokens, sequences.longest()));
        };
        RotaryTable rotary = switch (model.architecture().attention()) {
            case Attention.GroupedQuery shape -> new RotaryTable(shape.rope(), sequences.longest());
        };
        float[][] outputs = new float[outputRows(tokens)][model.architecture().hidden()];
        return new CpuWave(model, workers, sequences, cache, rotary, outputs);
    }

    @Override
    public void close() {
        workers.close();
    }
}
