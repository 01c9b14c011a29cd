package io.moeplan.engine.gemm;

import io.moeplan.tensors.matrix.Matrix;

/**
 * One way to multiply activations with a weight matrix. A call computes in the calling thread alone, and any number of
 * threads may call at once.
 *
 * <p>A row of the result depends on that row of {@code x}, the matrix and the strides, bit for bit: not on the rows beside
 * it, their number, or the thread. It may depend on how the matrix is cut, so work is divided by rows of {@code x}.
 */
public interface Gemm {
    /** What it is, for people: {@code "oneDNN bf16 (AMX)"}. */
    String name();

    /** Why it is this one, in a line: what the machine offers, or what the next one up lacks. */
    String reason();

    /** What it computes in. */
    Precision precision();

    /** The type of {@code x} that it uses as it lies; any other is converted in every call. */
    Element input();

    /**
     * The room that {@link Rows} of so many rows need to be used without copying them; at least {@code rows}. Padding is
     * read and written, but no result depends on it.
     */
    int room(int rows);

    /**
     * {@code y[i][j] = sum over k of x[i][k] * weight[part.out() + j][part.in() + k]}.
     *
     * @param x {@code [rows][part.ins()]}
     * @param y float32 {@code [rows][part.outs()]}, in other memory than {@code x}
     * @throws IllegalArgumentException  if the shapes do not fit together or {@code y} is not float32
     * @throws IndexOutOfBoundsException if the matrix has no such part
     */
    void multiply(Matrix weight, Part part, Rows x, Rows y);

    /**
     * {@code y = silu(x * gate^T) * (x * up^T)}, element by element, without the two products ever leaving the cache.
     *
     * @param x {@code [rows][gate.columns()]}
     * @param y {@code [rows][gate.rows()]}, in other memory than {@code x}
     * @return false if it cannot with matrices that are stored so, or memory of another type than {@link #input}; what
     *         {@code y} holds means nothing then
     * @throws IllegalArgumentException if the shapes do not fit together
     */
    default boolean multiplyGated(Matrix gate, Matrix up, Rows x, Rows y) {
        Shapes.checkGated(gate, up, x, y);
        return false;
    }

    /**
     * Outputs of a matrix whose weights a call decodes together, 0 if it uses them as they lie. Work may be divided by whole
     * multiples of so many outputs without changing a bit of them.
     */
    default int decodedTogether(Matrix weight) {
        return 0;
    }

    /**
     * {@code y[i][j] += sum over k of x[i][k] * weight[part.out() + j][part.in() + k]}, without the product ever leaving
     * the cache.
     *
     * @param x {@code [rows][part.ins()]}
     * @param y float32 {@code [rows][part.outs()]}, in other memory than {@code x}; its padding is added to as well
     * @return false if it cannot with a matrix that is stored so, or memory without room for padding; {@code y} is as it
     *         was then
     * @throws IllegalArgumentException  if the shapes do not fit together or {@code y} is not float32
     * @throws IndexOutOfBoundsException if the matrix has no such part
     */
    default boolean multiplyAdding(Matrix weight, Part part, Rows x, Rows y) {
        Shapes.check(weight, part, x, y);
        return false;
    }

    /** With the whole matrix. */
    default void multiply(Matrix weight, Rows x, Rows y) {
        multiply(weight, Part.all(weight), x, y);
    }
}
