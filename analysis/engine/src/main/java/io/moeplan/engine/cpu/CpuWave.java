package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Routing;
import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Wave;
import io.moeplan.engine.backend.Work;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.Cost;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.engine.model.Model;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicInteger;

/** The residual stream of a wave, off the heap, and the operations on it. */
final class CpuWave implements Wave {
    private final Model model;
    private final Architecture architecture;
    private final Workers workers;
    private final Sequences sequences;
    private final KeyValues cache;
    private final RotaryTable rotary;
    private final float[][] outputs;
    private final Arena arena;
    private final OffHeapRows residual;
    private final OffHeapRows normed;
    private final float[] finalNorm;

    /** @param outputs buffer for expert outputs, {@code [pairs][hidden]} */
    @SuppressWarnings("MustBeClosedChecker") // close() closes the arena
    CpuWave(Model model, Workers workers, Sequences sequences, KeyValues cache, RotaryTable rotary, float[][] outputs) {
        this.model = model;
        this.architecture = model.architecture();
        this.workers = workers;
        this.sequences = sequences;
        this.cache = cache;
        this.rotary = rotary;
        this.outputs = outputs;
        this.finalNorm = model.finalNorm().toFloats();
        this.arena = Arena.ofShared();
        this.residual = new OffHeapRows(arena, sequences.tokens(), architecture.hidden());
        this.normed = new OffHeapRows(arena, sequences.tokens(), architecture.hidden());
        embed();
    }

    private void embed() {
        int hidden = architecture.hidden();
        float[] row = new float[hidden];
        for (int token = 0; token < sequences.tokens(); token++) {
            model.embedding().read((long) sequences.id(token) * hidden, row, 0, hidden);
            residual.write(token, row);
        }
    }

    @Override
    public void attention(int layer, Work work) {
        switch (architecture.attention()) {
            case Attention.GroupedQuery shape -> new GroupedQueryLayer(architecture, shape, model.layers().get(layer),
                    rotary, sequences, residual, cache).run(workers, work);
        }
    }

    @Override
    public int route(int layer, Routing into, Work work) {
        FeedForward.Sparse shape = sparse(layer);
        LayerWeights.FeedForward.Sparse weights = sparseWeights(layer);
        float[] norm = model.layers().get(layer).feedForwardNorm().toFloats();
        AtomicInteger bad = new AtomicInteger(Integer.MAX_VALUE);
        Tiles tiles = Tiles.of(0, sequences.tokens(), workers.threads());
        workers.run(tiles.costs(Cost.route(architecture, shape)), work, (tile, scratch) -> {
            int from = tiles.start(tile);
            int rows = tiles.rows(tile);
            float[][] x = normedInput(from, rows, norm, scratch);
            float[][] logits = scratch.rows(Scratch.Use.LOGITS, rows, shape.router().experts());
            Projection.apply(weights.router(), x, rows, logits, 0, scratch);
            for (int i = 0; i < rows; i++) {
                normed.write(from + i, x[i]);
                int at = (from + i) * into.topK();
                if (!TopK.choose(shape.router(), logits[i], into.experts(), into.weights(), at)) {
                    bad.accumulateAndGet(from + i, Math::min);
                }
            }
        });
        return bad.get() == Integer.MAX_VALUE ? -1 : bad.get();
    }

    @Override
    public void experts(int layer, Routing routing, Work work) {
        FeedForward.Sparse shape = sparse(layer);
        ExpertGroups groups = ExpertGroups.of(routing, shape.router().experts());
        new ExpertLayer(architecture, sparseWeights(layer).experts(), shape.width(), groups, normed, residual,
                sequences.tokens()).run(outputs, workers, work);
    }

    @Override
    public void dense(int layer, Work work) {
        if (!(architecture.layers().get(layer) instanceof FeedForward.Dense shape)
                || !(model.layers().get(layer).feedForward() instanceof LayerWeights.FeedForward.Dense weights)) {
            throw new IllegalArgumentException("layer " + layer + " routes");
        }
        float[] norm = model.layers().get(layer).feedForwardNorm().toFloats();
        Tiles tiles = Tiles.of(0, sequences.tokens(), workers.threads());
        workers.run(tiles.costs(Cost.mlp(architecture, shape.width())), work, (tile, scratch) -> {
            int from = tiles.start(tile);
            int rows = tiles.rows(tile);
            float[][] out = scratch.rows(Scratch.Use.OUTPUT, rows, architecture.hidden());
            GatedMlp.apply(weights.mlp(), normedInput(from, rows, norm, scratch), rows, out, 0, scratch);
            float[] buffer = scratch.row(Scratch.Use.ROW, architecture.hidden());
            for (int i = 0; i < rows; i++) {
                residual.add(from + i, 1, out[i], buffer);
            }
        });
    }

    @Override
    public void residual(int token, float[] into) {
        residual.read(token, into);
    }

    @Override
    public void finalNorm(int token, float[] into) {
        residual.read(token, into);
        Numeric.rmsNorm(into, 0, architecture.hidden(), finalNorm, architecture.norm().epsilon(), into);
    }

    @Override
    public void logits(int from, int count, float[][] into) {
        float[][] x = normedInput(from, count, finalNorm, workers.own());
        Projection.apply(model.head(), x, count, into, 0, workers.own());
    }

    private float[][] normedInput(int from, int rows, float[] norm, Scratch scratch) {
        float[][] x = scratch.rows(Scratch.Use.INPUT, rows, architecture.hidden());
        for (int i = 0; i < rows; i++) {
            residual.read(from + i, x[i]);
            Numeric.rmsNorm(x[i], 0, architecture.hidden(), norm, architecture.norm().epsilon(), x[i]);
        }
        return x;
    }

    private FeedForward.Sparse sparse(int layer) {
        if (architecture.layers().get(layer) instanceof FeedForward.Sparse sparse) {
            return sparse;
        }
        throw new IllegalArgumentException("layer " + layer + " does not route");
    }

    private LayerWeights.FeedForward.Sparse sparseWeights(int layer) {
        if (model.layers().get(layer).feedForward() instanceof LayerWeights.FeedForward.Sparse sparse) {
            return sparse;
        }
        throw new IllegalArgumentException("layer " + layer + " does not route");
    }

    @Override
    public void close() {
        arena.close();
    }
}
