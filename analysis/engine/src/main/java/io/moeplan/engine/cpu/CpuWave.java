package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Routing;
import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Wanted;
import io.moeplan.engine.backend.Wave;
import io.moeplan.engine.backend.Work;
import io.moeplan.engine.gemm.Element;
import io.moeplan.engine.gemm.Part;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.engine.model.Model;
import io.moeplan.engine.model.Rope;
import io.moeplan.engine.model.Vector;
import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Matrix;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/** The residual stream of a wave, off the heap, and the operations on it. */
final class CpuWave implements Wave {
    /** Rows of the head that a thread multiplies with at a time. */
    private static final int LOGITS_TOGETHER = 1024;

    private final Model model;
    private final Architecture architecture;
    private final Workers workers;
    private final Sequences sequences;
    private final Wanted wanted;
    private final WaveBuffers buffers;
    private final Weights weights;
    private final FiniteCheck finite;
    private final Continued continued;
    private final Map<Rope, RotaryTable> rotaries;
    private final Arena arena;
    private final OffHeapRows residual;
    /** What attention keeps of every token. */
    private final OffHeapRows kept;
    /** The normed input of the feed-forward block, in the same memory. */
    private final OffHeapRows normed;
    private final Norms finalNorm;
    /** Of the last layer that routed. */
    private final Routing routing;

    @SuppressWarnings("MustBeClosedChecker") // close() closes the arena
    CpuWave(Model model, Workers workers, Sequences sequences, Wanted wanted, WaveBuffers buffers, Weights weights,
            FiniteCheck finite, Continued continued) {
        this.model = model;
        this.architecture = model.architecture();
        this.workers = workers;
        this.sequences = sequences;
        this.wanted = wanted;
        this.buffers = buffers;
        this.weights = weights;
        this.finite = finite;
        this.continued = continued;
        this.rotaries = continued == null ? new HashMap<>() : continued.rotaries();
        this.finalNorm = Norms.of(architecture.norm(), model.finalNorm());
        this.arena = Arena.ofShared();
        this.residual = new OffHeapRows(arena, Element.F32, sequences.tokens(), architecture.hidden());
        this.kept = new OffHeapRows(arena, workers.own().arithmetic().exact().input(), sequences.tokens(),
                WaveBuffers.keptWidth(architecture));
        this.normed = kept.reused(workers.own().arithmetic().fast().input(), architecture.hidden());
        this.routing = new Routing(sequences.tokens(), model.info().topK());
        embed();
    }

    private void embed() {
        int hidden = architecture.hidden();
        float scale = architecture.scales().embedding();
        float[] row = new float[hidden];
        for (int token = 0; token < sequences.tokens(); token++) {
            model.embedding().read(sequences.id(token), 0, row, 0, hidden);
            requireFinite(sequences.id(token), row);
            for (int d = 0; scale != 1 && d < hidden; d++) {
                row[d] *= scale;
            }
            residual.write(token, row);
        }
    }

    private void requireFinite(int id, float[] row) {
        float sum = 0;
        for (float value : row) {
            sum += value * 0;
        }
        if (Float.isNaN(sum)) {
            Matrix embedding = model.embedding();
            finite.warn(embedding.name(),
                    embedding.file() + ": tensor " + embedding.name() + " holds NaN or infinity in"
                            + " row " + id + ": the checkpoint is damaged");
        }
    }

    /** Waits for the layer's pieces of a kind, one after the other, and works with each while it is there. */
    private void use(int layer, Piece.Part part, Work work, BiConsumer<Piece, UnaryOperator<Tensor>> action) {
        for (Piece piece : weights.pieces(layer, part)) {
            try (Weights.Loan loan = weights.take(piece)) {
                finite.check(piece, loan.place(), workers, work);
                action.accept(piece, loan.place());
            }
        }
    }

    @Override
    public void attention(int layer, Work work) {
        LayerWeights layerWeights = model.layers().get(layer);
        Norms norm = Norms.of(architecture.norm(), layerWeights.attentionNorm());
        use(layer, Piece.Part.ATTENTION, work,
                (piece, place) -> attention(layer, layerWeights.attention().over(place), norm, work));
    }

    private void attention(int layer, LayerWeights.Attention block, Norms norm, Work work) {
        switch (architecture.layers().get(layer).attention()) {
            case Attention.Softmax shape -> new SoftmaxLayer(architecture, shape, heads(shape, block), norm, sequences,
                    residual, kept, columns(layer, shape)).run(workers, work);
            case Attention.GatedDelta shape -> new DeltaLayer(architecture, shape,
                    (LayerWeights.Attention.GatedDelta) block, norm, sequences, residual, kept,
                    buffers.attendedTokens(), continued == null ? null : continued.deltas(layer)).run(workers, work);
        }
    }

    private Columns columns(int layer, Attention.Softmax shape) {
        return continued == null
                ? new Columns.Together(KeyValues.in(buffers.keyValues(),
                        SoftmaxLayer.held(shape, workers.own().arithmetic().exact().input())))
                : new Columns.Apart(continued.keyValues(layer));
    }

    private Heads heads(Attention.Softmax shape, LayerWeights.Attention weights) {
        RotaryTable rotary = shape.rope()
                .map(rope -> rotaries.computeIfAbsent(rope, r -> new RotaryTable(r, sequences.longest())))
                .orElse(null);
        return switch (shape) {
            case Attention.GroupedQuery a -> new GroupedQueryHeads(a, (LayerWeights.Attention.GroupedQuery) weights,
                    architecture.hidden(), architecture.norm(), rotary);
            case Attention.Latent a -> {
                LayerWeights.Attention.Latent latent = (LayerWeights.Attention.Latent) weights;
                LatentHeads heads = new LatentHeads(a, latent, architecture.hidden(), rotary);
                yield continued == null ? heads : new AbsorbedHeads(a, latent, heads);
            }
        };
    }

    @Override
    public int route(int layer, Work work) {
        FeedForward.Sparse shape = architecture.sparse(layer);
        LayerWeights.FeedForward.Sparse block = sparseWeights(layer);
        use(layer, Piece.Part.ROUTER, work, (piece, place) -> {
            // Small, so it stays mapped.
        });
        Norms norm = Norms.of(architecture.norm(), model.layers().get(layer).feedForwardNorm());
        RouterLayer router = new RouterLayer(architecture, shape, block, norm, residual, normed, sequences.tokens());
        int bad = router.run(routing, workers, work);
        if (bad >= 0) {
            return bad;
        }
        if (wanted instanceof Wanted.Choices recording) {
            recording.choices(routing);
        }
        return -1;
    }

    @Override
    public void experts(int layer, Work work) {
        FeedForward.Sparse shape = architecture.sparse(layer);
        LayerWeights.FeedForward.Sparse block = sparseWeights(layer);
        ExpertGroups groups = ExpertGroups.of(routing, shape.router().experts());
        ExpertLayer experts = new ExpertLayer(architecture, shape, groups, normed, residual, sequences.tokens());
        use(layer, Piece.Part.EXPERTS, work, (piece, place) -> experts.run(piece.first(),
                block.experts().subList(piece.first(), piece.first() + piece.count()).stream()
                        .map(expert -> expert.over(place)).toList(),
                buffers.outputs(), workers, work));
        use(layer, Piece.Part.SHARED, work, (piece, place) -> experts.shared(block.shared().orElseThrow().over(place),
                block.sharedGate(), buffers.outputs(), workers, work));
    }

    @Override
    public void dense(int layer, Work work) {
        if (!(architecture.layers().get(layer).feedForward() instanceof FeedForward.Dense shape)
                || !(model.layers().get(layer).feedForward() instanceof LayerWeights.FeedForward.Dense block)) {
            throw new IllegalArgumentException("layer " + layer + " routes");
        }
        Norms norm = Norms.of(architecture.norm(), model.layers().get(layer).feedForwardNorm());
        DenseLayer dense = new DenseLayer(architecture, shape, norm, residual, sequences.tokens());
        use(layer, Piece.Part.DENSE, work, (piece, place) -> dense.run(block.mlp().over(place), workers, work));
    }

    @Override
    public void residual(int token, float[] into) {
        residual.read(token, into);
    }

    @Override
    public void finalNorm(int token, float[] into) {
        residual.read(token, into);
        finalNorm.apply(into);
    }

    @Override
    public void logits(int[] tokens, float[][] into, Work work) {
        float[][] x = new float[tokens.length][architecture.hidden()];
        for (int i = 0; i < tokens.length; i++) {
            finalNorm(tokens[i], x[i]);
        }
        Matrix head = model.head();
        float[] bias = model.headBias().map(Vector::toFloats).orElseGet(() -> new float[head.rows()]);
        float divisor = architecture.scales().logits();
        Tiles parts = new Tiles(0, head.rows(), LOGITS_TOGETHER);
        workers.run(parts.costs(2L * tokens.length * architecture.hidden()), work, (tile, scratch) -> {
            int from = parts.start(tile);
            int count = parts.rows(tile);
            float[][] part = scratch.rows(Scratch.Use.LOGITS, tokens.length, count);
            Projection.apply(head, Part.rows(head, from, count), x, 0, tokens.length, part, 0, scratch);
            for (int i = 0; i < tokens.length; i++) {
                for (int v = 0; v < count; v++) {
                    into[i][from + v] = (part[i][v] + bias[from + v]) / divisor;
                }
            }
        });
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
