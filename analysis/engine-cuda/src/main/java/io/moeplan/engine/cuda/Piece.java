package io.moeplan.engine.cuda;

import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Matrix;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The matrices that one operation of a layer uses: as the checkpoint stores them, one tensor after another in raw memory; and
 * as rows of activations' type, in groups that lie together so that one product takes them together.
 */
final class Piece {
    private static final long ALIGNMENT = 256;
    private static final long RAW_ALIGNMENT = 16;

    /** Which operation it is for. */
    enum Part {
        EMBEDDING, ATTENTION, ROUTER, DENSE, EXPERTS, SHARED, HEAD
    }

    /**
     * A matrix and the byte of the unpacked memory where it begins.
     *
     * @param low whether it is what rounding the weights takes away, rather than the weights
     */
    record Placed(Matrix matrix, long at, boolean low) {}

    private final int layer;
    private final Part part;
    private final int first;
    private final int count;
    private final List<Long> groups = new ArrayList<>();
    private final List<Placed> matrices = new ArrayList<>();
    private final Map<Place, Long> raw = new LinkedHashMap<>();
    private final List<Tensor> tensors = new ArrayList<>();
    private long bytes;
    private long rawBytes;

    /** A tensor's place in the checkpoint. */
    private record Place(java.nio.file.Path file, long position) {
        static Place of(Tensor tensor) {
            return new Place(tensor.file(), tensor.position());
        }
    }

    /**
     * A piece without matrices.
     *
     * @param first the first expert or row of the embedding that it holds
     * @param count how many it holds
     */
    Piece(int layer, Part part, int first, int count) {
        this.layer = layer;
        this.part = part;
        this.first = first;
        this.count = count;
    }

    /**
     * Adds matrices that lie one right after the other.
     *
     * @param elementBytes of an unpacked weight
     */
    Piece group(List<Matrix> together, int elementBytes) {
        return group(together, elementBytes, false);
    }

    /** Adds what rounding a matrix to activations' type takes away. */
    Piece low(Matrix matrix, int elementBytes) {
        return group(List.of(matrix), elementBytes, true);
    }

    private Piece group(List<Matrix> together, int elementBytes, boolean low) {
        bytes = Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
        groups.add(bytes);
        for (Matrix matrix : together) {
            matrices.add(new Placed(matrix, bytes, low));
            bytes += (long) matrix.rows() * matrix.columns() * elementBytes;
            for (Tensor tensor : matrix.tensors()) {
                if (raw.putIfAbsent(Place.of(tensor), Math.ceilDiv(rawBytes, RAW_ALIGNMENT) * RAW_ALIGNMENT) == null) {
                    tensors.add(tensor);
                    rawBytes = rawAt(tensor) + tensor.data().byteSize();
                }
            }
        }
        return this;
    }

    int layer() {
        return layer;
    }

    Part part() {
        return part;
    }

    int first() {
        return first;
    }

    int count() {
        return count;
    }

    /** How many groups it has. */
    int groups() {
        return groups.size();
    }

    /** The byte of the unpacked memory where a group begins. */
    long group(int number) {
        return groups.get(number);
    }

    List<Placed> matrices() {
        return matrices;
    }

    /** What it is read from, each once. */
    List<Tensor> tensors() {
        return tensors;
    }

    /** The byte of the raw memory where a tensor begins. */
    long rawAt(Tensor tensor) {
        return raw.get(Place.of(tensor));
    }

    /** Bytes of the unpacked memory. */
    long bytes() {
        return bytes;
    }

    /** Bytes of the raw memory. */
    long rawBytes() {
        return rawBytes;
    }

    @Override
    public String toString() {
        return part + " of layer " + layer + (count > 0 ? " from " + first : "");
    }
}
