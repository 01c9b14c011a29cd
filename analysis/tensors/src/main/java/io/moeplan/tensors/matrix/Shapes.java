package io.moeplan.tensors.matrix;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.Tensor;
import java.util.Arrays;
import java.util.Objects;

/** What the matrix formats ask of the tensors they are stored in. */
final class Shapes {
    private Shapes() {}

    /** The shape as ints, {@code rank} of them, none of them zero. */
    static int[] of(Tensor tensor, int rank, String expected) throws CheckpointException {
        long[] shape = tensor.shape();
        boolean usable = shape.length == rank && Arrays.stream(shape).allMatch(n -> n > 0 && n < Integer.MAX_VALUE);
        if (!usable) {
            throw new CheckpointException(tensor.file(), "tensor " + tensor.name() + " has shape "
                    + Arrays.toString(shape) + ", expected " + expected);
        }
        return Arrays.stream(shape).mapToInt(n -> (int) n).toArray();
    }

    static void requireExpert(Tensor tensor, int expert) throws CheckpointException {
        if (expert < 0 || expert >= tensor.shape()[0]) {
            throw new CheckpointException(tensor.file(), "tensor " + tensor.name() + " holds " + tensor.shape()[0]
                    + " experts, there is no expert " + expert);
        }
    }

    static void checkRows(int from, int count, int step, int rows) {
        if (count < 1 || step < 1) {
            throw new IndexOutOfBoundsException(count + " rows with step " + step);
        }
        Objects.checkIndex(from, rows);
        Objects.checkIndex(from + (long) (count - 1) * step, (long) rows);
    }

    static Tensor same(Tensor was, Tensor is) {
        if (was.type() != is.type() || !is.hasShape(was.shape())) {
            throw new IllegalArgumentException(is + " in the place of " + was);
        }
        return is;
    }
}
