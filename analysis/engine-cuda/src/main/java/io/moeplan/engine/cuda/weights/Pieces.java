package io.moeplan.engine.cuda.weights;

import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.weights.Piece.Form;
import io.moeplan.engine.cuda.weights.Piece.Part;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.engine.model.Model;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Fp8Matrix;
import io.moeplan.tensors.matrix.Matrix;
import io.moeplan.tensors.matrix.PlainMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** A model's weights in pieces, in the order of use. */
public final class Pieces {
    private static final int FP8_BLOCK = 128;

    private final Model model;
    private final NumberType type;
    private final int elementBytes;
    private final long batchBytes;
    private final boolean fp8;
    private final List<Piece> embedding;
    private final List<Piece> head;
    private final List<List<Piece>> layers = new ArrayList<>();

    /**
     * Divides a model.
     *
     * @param type       of an unpacked weight
     * @param batchBytes unpacked bytes of experts (or rows of the embedding) taken together
     * @param fp8        whether experts that are stored in fp8 stay so where {@code Fp8GroupedGemm} takes them
     */
    public Pieces(Model model, NumberType type, long batchBytes, boolean fp8) {
        this.model = model;
        this.fp8 = fp8;
        this.type = type;
        elementBytes = type.bytes();
        this.batchBytes = batchBytes;
        embedding = table(model.embedding(), Part.EMBEDDING);
        head = table(model.head(), Part.HEAD);
        for (int layer = 0; layer < model.layers().size(); layer++) {
            layers.add(layer(layer));
        }
    }

    /** Of the embedding, in the order of rows. */
    public List<Piece> embedding() {
        return embedding;
    }

    /** Of the head, in the order of rows; not used for recording. */
    public List<Piece> head() {
        return head;
    }

    /** A layer's pieces of a kind, in the order of experts; none if the layer has no such part. */
    public List<Piece> of(int layer, Part part) {
        return layers.get(layer).stream().filter(piece -> piece.part() == part).toList();
    }

    /**
     * What a run uses, in order.
     *
     * @param count     how many layers run, from the first
     * @param routeOnly whether the last of them ends with its router
     */
    public List<Piece> used(int count, boolean routeOnly) {
        List<Piece> used = new ArrayList<>(embedding);
        for (int layer = 0; layer < count; layer++) {
            boolean last = routeOnly && layer == count - 1;
            layers.get(layer).stream()
                    .filter(piece -> !last || piece.part() == Part.ATTENTION || piece.part() == Part.ROUTER)
                    .forEach(used::add);
        }
        return used;
    }

    /** Rows of a table, so many together that they are no larger than a batch of experts. */
    private List<Piece> table(Matrix table, Part part) {
        List<Piece> pieces = new ArrayList<>();
        int rows = Math.clamp(batchBytes / ((long) table.columns() * elementBytes), 1, table.rows());
        if (!(table instanceof PlainMatrix plain) || plain.columnStride() != 1
                || plain.rowStride() != plain.columns()) {
            rows = table.rows();
        }
        for (int from = 0; from < table.rows(); from += rows) {
            int count = Math.min(rows, table.rows() - from);
            Matrix some = count == table.rows() ? table : slice((PlainMatrix) table, from, count);
            pieces.add(new Piece(-1, part, from, count).group(List.of(some), elementBytes));
        }
        return pieces;
    }

    /** Some rows as a matrix of just their bytes. */
    private static PlainMatrix slice(PlainMatrix table, int from, int count) {
        Tensor all = table.tensor();
        long start = (table.offset() + from * table.rowStride()) * all.type().bytes();
        long size = (long) count * table.columns() * all.type().bytes();
        Tensor some = new Tensor(all.file(), all.name(), all.type(), new long[]{count, table.columns()},
                all.position() + start, all.data().asSlice(start, size));
        return new PlainMatrix(some, count, table.columns(), 0, table.columns(), 1);
    }

    private List<Piece> layer(int layer) {
        LayerWeights weights = model.layers().get(layer);
        List<Piece> pieces = new ArrayList<>();
        Piece attention = new Piece(layer, Part.ATTENTION, 0, 0);
        attentionGroups(weights.attention()).forEach(group -> attention.group(group, elementBytes));
        pieces.add(attention);
        switch (weights.feedForward()) {
            case LayerWeights.FeedForward.Dense dense ->
                pieces.add(mlp(new Piece(layer, Part.DENSE, 0, 0), dense.mlp()));
            case LayerWeights.FeedForward.Sparse sparse -> {
                pieces.add(router(layer, sparse.router().weight()));
                sparse.shared().ifPresent(shared -> {
                    Piece piece = new Piece(layer, Part.SHARED, 0, 0);
                    if (isSharedFp8(layer)) {
                        stored(piece, List.of(shared.gate().weight(), shared.up().weight()),
                                List.of(shared.down().weight()));
                    } else {
                        mlp(piece, shared);
                    }
                    sparse.sharedGate().ifPresent(gate -> piece.group(List.of(gate), elementBytes));
                    pieces.add(piece);
                });
                experts(layer, sparse, pieces);
            }
        }
        return pieces;
    }

    /** Choices hang on small differences of logits: a router keeps what rounding takes from its weights, if it does. */
    private Piece router(int layer, Matrix weight) {
        Piece piece = new Piece(layer, Part.ROUTER, 0, 0).group(List.of(weight), elementBytes);
        DType stored = weight.tensors().getFirst().type();
        boolean exact = switch (type) {
            case FP32 -> true;
            case BF16 -> stored == DType.BF16;
            // A bfloat16 loses digits only where it is below float16's smallest normal number: 2^-25 at most.
            case FP16 -> stored == DType.BF16 || stored == DType.F16;
        };
        return exact ? piece : piece.group(List.of(weight), elementBytes, Form.LOW);
    }

    /** What one product takes is one group. */
    private static List<List<Matrix>> attentionGroups(LayerWeights.Attention attention) {
        return switch (attention) {
            case LayerWeights.Attention.GroupedQuery a -> List.of(
                    List.of(a.query().weight(), a.key().weight(), a.value().weight()), List.of(a.output().weight()));
            case LayerWeights.Attention.Latent a -> List.of(
                    List.of(a.queryDown().orElse(a.query()).weight(), a.keyDown().weight()),
                    a.queryDown().isPresent() ? List.of(a.query().weight()) : List.of(),
                    List.of(a.keyValue().weight()), List.of(a.output().weight()));
            case LayerWeights.Attention.GatedDelta a -> List.of(List.of(a.mixed().weight()),
                    List.of(a.rates().weight()), List.of(a.output().weight()));
        };
    }

    private Piece mlp(Piece piece, LayerWeights.Mlp mlp) {
        return piece.group(List.of(mlp.gate().weight(), mlp.up().weight()), elementBytes)
                .group(List.of(mlp.down().weight()), elementBytes);
    }

    /** Whether the experts of a layer are multiplied in fp8. */
    public boolean isFp8(int layer) {
        return fp8 && model.architecture().sparse(layer).activation().equals(FeedForward.Activation.SILU)
                && !model.architecture().sparse(layer).scalesInput()
                && model.layers().get(layer).feedForward() instanceof LayerWeights.FeedForward.Sparse sparse
                && sparse.experts().stream().flatMap(expert -> Stream.of(expert.gate(), expert.up(), expert.down()))
                        .allMatch(linear -> linear.bias().isEmpty() && isInBlocks(linear.weight()));
    }

    /** Whether the shared MLP of a layer is multiplied in fp8. */
    public boolean isSharedFp8(int layer) {
        return fp8 && model.architecture().sparse(layer).shared().filter(shape -> !shape.gated()).isPresent()
                && model.layers().get(layer).feedForward() instanceof LayerWeights.FeedForward.Sparse sparse
                && sparse.shared().stream().flatMap(mlp -> mlp.matrices().stream()).allMatch(Pieces::isInBlocks);
    }

    private static boolean isInBlocks(Matrix matrix) {
        return matrix instanceof Fp8Matrix m && m.weight().type() == DType.F8_E4M3 && m.blockRows() == FP8_BLOCK
                && m.blockColumns() == FP8_BLOCK && m.rows() % FP8_BLOCK == 0 && m.columns() % FP8_BLOCK == 0
                && m.firstRow() % FP8_BLOCK == 0 && m.rowStep() == 1;
    }

    private void experts(int layer, LayerWeights.FeedForward.Sparse sparse, List<Piece> pieces) {
        List<LayerWeights.Mlp> experts = sparse.experts();
        boolean stored = isFp8(layer);
        long each = elements(experts.getFirst()) * (stored ? 1 : elementBytes);
        int together = Math.clamp(batchBytes / each, 1, experts.size());
        for (int first = 0; first < experts.size(); first += together) {
            int count = Math.min(together, experts.size() - first);
            List<LayerWeights.Mlp> some = experts.subList(first, first + count);
            List<Matrix> inputs = matrices(some, mlp -> Stream.of(mlp.gate().weight(), mlp.up().weight()));
            List<Matrix> outputs = matrices(some, mlp -> Stream.of(mlp.down().weight()));
            Piece piece = new Piece(layer, Part.EXPERTS, first, count);
            if (stored) {
                stored(piece, inputs, outputs);
            } else {
                piece.group(inputs, elementBytes).group(outputs, elementBytes);
            }
            pieces.add(piece);
        }
    }

    private static void stored(Piece piece, List<Matrix> inputs, List<Matrix> outputs) {
        piece.group(inputs, 1, Form.BYTES).group(outputs, 1, Form.BYTES).group(inputs, 4, Form.SCALES).group(outputs, 4,
                Form.SCALES);
    }

    private static List<Matrix> matrices(List<LayerWeights.Mlp> mlps, Function<LayerWeights.Mlp, Stream<Matrix>> part) {
        return mlps.stream().flatMap(part).toList();
    }

    private static long elements(LayerWeights.Mlp mlp) {
        return mlp.matrices().stream().mapToLong(matrix -> (long) matrix.rows() * matrix.columns()).sum();
    }
}
