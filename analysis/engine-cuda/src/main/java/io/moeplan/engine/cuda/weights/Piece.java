package io.moeplan.engine.cuda.weights;

import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Fp8Matrix;
import io.moeplan.tensors.matrix.Matrix;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The matrices that one operation of a layer uses: as the checkpoint stores them, one tensor after another in raw memory; and
 * as rows of activations' type, in groups that lie together so that one product takes them together.
 */
public final class Piece {
    private static final long ALIGNMENT = 256;
    private static final long RAW_ALIGNMENT = 16;

    /** Which operation it is for. */
    public enum Part {
        EMBEDDING, ATTENTION, ROUTER, DENSE, EXPERTS, SHARED, HEAD
    }

    /** What of a matrix is unpacked. */
    enum Form {
        /** Its weights in activations' type. */
        WEIGHTS(0),
        /** What rounding them to that takes away. */
        LOW(1),
        /** The stored bytes of an fp8 matrix. */
        BYTES(2),
        /** Its scales in float32, {@code [rows / blockRows][columns / blockColumns]}. */
        SCALES(3);

        private final int code;

        Form(int code) {
            this.code = code;
        }

        /** The kernel's number of it. */
        int code() {
            return code;
        }

        private long bytes(Matrix matrix, int elementBytes) {
            long elements = (long) matrix.rows() * matrix.columns();
            return switch (this) {
                case WEIGHTS, LOW -> elements * elementBytes;
                case BYTES -> elements;
                case SCALES -> matrix instanceof Fp8Matrix fp8
                        ? 4 * elements / ((long) fp8.blockRows() * fp8.blockColumns())
                        : 0;
            };
        }
    }

    /** A matrix, the byte of the unpacked memory where it begins, and what of it is there. */
    record Placed(Matrix matrix, long at, Form form) {}

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
     * @param first the first expert, or row of the embedding or the head, that it holds
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
        return group(together, elementBytes, Form.WEIGHTS);
    }

    /** Adds something else of matrices. */
    Piece group(List<Matrix> together, int elementBytes, Form form) {
        bytes = Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
        groups.add(bytes);
        for (Matrix matrix : together) {
            matrices.add(new Placed(matrix, bytes, form));
            bytes += form.bytes(matrix, elementBytes);
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

    /** Which operation it is for. */
    public Part part() {
        return part;
    }

    /** The first expert, or row of the embedding or the head, that it holds; 0 in other parts. */
    public int first() {
        return first;
    }

    /** How many of them it holds; 0 in other parts. */
    public int count() {
        return count;
    }

    /** How many groups it has. */
    public int groups() {
        return groups.size();
    }

    /** The byte of the unpacked memory where a group begins. */
    public long group(int number) {
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
    public long bytes() {
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
