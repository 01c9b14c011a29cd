package io.moeplan.engine.model;

import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Matrix;
import io.moeplan.tensors.matrix.PlainMatrix;
import io.moeplan.tensors.matrix.WeightSource;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The tensors of a checkpoint by the names that {@link WeightNames} has, each checked against the shape that config.json calls
 * for. It remembers which ones were asked for. Whatever is missing or has another shape or dtype is refused with an
 * {@link IOException} that names the file and the tensor.
 */
final class NamedWeights {
    private final WeightSource source;
    /** From a name of {@link WeightNames} to the checkpoint's. */
    private final UnaryOperator<String> place;
    private final Map<String, Bound> bound = new LinkedHashMap<>();
    private final Map<String, Tensor> vectors = new LinkedHashMap<>();

    /**
     * A tensor that the model needs.
     *
     * @param format what its values are stored in; empty for scales, which are a part of another tensor's format
     */
    record Bound(Tensor tensor, String format) {}

    NamedWeights(WeightSource source) {
        this.source = source;
        this.place = WeightNames.place(source.checkpoint());
    }

    /** What was found since the last call, each tensor once. */
    List<Bound> taken() {
        List<Bound> taken = List.copyOf(bound.values());
        bound.clear();
        return taken;
    }

    /** The tensors found so far that are not matrices, each once and whole. */
    List<Tensor> vectors() {
        return List.copyOf(vectors.values());
    }

    boolean has(String name) {
        return source.has(place.apply(name));
    }

    /** {@code [out, in]}. */
    Matrix matrix(String name, int out, int in) throws IOException {
        return checked(source.matrix(place.apply(name)), out, in);
    }

    /**
     * {@code [out, in]} of one expert, from a tensor that holds those of all.
     *
     * @param transposed whether the checkpoint has it as {@code [in, out]}, unless it is quantised
     * @param experts    how many the tensor has to hold
     */
    Matrix expert(String name, boolean transposed, int experts, int expert, int out, int in)
            throws IOException {
        String named = place.apply(name);
        Matrix slice = source.expert(named, expert);
        long stored = source.experts(named);
        if (stored != experts) {
            throw new ModelException(slice.file(), "tensor " + slice.name() + " holds " + stored
                    + " experts, config.json says " + experts);
        }
        return checked(slice instanceof PlainMatrix plain && transposed ? plain.transposed() : slice, out, in);
    }

    private Matrix checked(Matrix matrix, int out, int in) throws IOException {
        if (matrix.rows() != out || matrix.columns() != in) {
            throw new ModelException(matrix.file(), "tensor " + matrix.name() + " has shape [" + matrix.rows() + ", "
                    + matrix.columns() + "], config.json calls for [" + out + ", " + in + "]");
        }
        for (Tensor tensor : matrix.tensors()) {
            // An expert's matrix knows its own part only of a tensor that holds them all.
            bound.putIfAbsent(tensor.name(), new Bound(source.checkpoint().get(tensor.name()),
                    tensor.name().equals(matrix.name()) ? matrix.format() : ""));
        }
        return matrix;
    }

    /** All elements of a tensor that has this many, whatever its shape. */
    Vector vector(String name, int count) throws IOException {
        Tensor tensor = source.checkpoint().get(place.apply(name));
        if (tensor.elements() != count) {
            throw wrongShape(tensor, count);
        }
        return new Vector(plain(tensor), 0, count, 1);
    }

    /** A whole tensor of this shape. */
    Tensor shaped(String name, long... shape) throws IOException {
        Tensor tensor = source.checkpoint().get(place.apply(name));
        if (!tensor.hasShape(shape)) {
            throw wrongShape(tensor, shape);
        }
        return plain(tensor);
    }

    private static ModelException wrongShape(Tensor tensor, long... wanted) {
        return new ModelException(tensor.file(), "tensor " + tensor.name() + " has shape "
                + Arrays.toString(tensor.shape()) + ", config.json calls for " + Arrays.toString(wanted));
    }

    private Tensor plain(Tensor tensor) throws ModelException {
        if (!tensor.type().isPlainFloat()) {
            throw new ModelException(tensor.file(), "tensor " + tensor.name() + " is " + tensor.type()
                    + "; the engine reads BF16, F16, F32 and F64 here");
        }
        bound.putIfAbsent(tensor.name(), new Bound(tensor, tensor.type().name()));
        vectors.putIfAbsent(tensor.name(), tensor);
        return tensor;
    }
}
