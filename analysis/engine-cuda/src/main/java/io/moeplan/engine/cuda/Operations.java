package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.DenseGemm;
import io.moeplan.engine.cuda.driver.Launcher;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.driver.Scratch;
import io.moeplan.engine.cuda.kernels.RowThreads;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Norm;

/** What the parts of a layer share: products, norms and biases of rows on the device. */
final class Operations {
    private static final int ROW_THREADS = 256;

    private final Launcher launcher;
    private final DenseGemm dense;
    private final Scratch scratch;
    private final Architecture architecture;

    Operations(Launcher launcher, DenseGemm dense, Scratch scratch, Architecture architecture) {
        this.launcher = launcher;
        this.dense = dense;
        this.scratch = scratch;
        this.architecture = architecture;
    }

    Launcher launcher() {
        return launcher;
    }

    Scratch scratch() {
        return scratch;
    }

    int hidden() {
        return architecture.hidden();
    }

    Norm norm() {
        return architecture.norm();
    }

    /** What a block's output is multiplied with before it is added to the residual stream. */
    float residualScale() {
        return architecture.scales().residual();
    }

    int bytes() {
        return launcher.bytes();
    }

    /** Room for activations. */
    long take(long elements) {
        return scratch.take(elements * bytes());
    }

    /** {@code y[rows][columns] = x[rows][depth] * weight^T}, all contiguous activations. */
    void project(long x, long weight, long y, int rows, int columns, int depth) {
        project(x, depth, weight, y, launcher.type(), rows, columns, depth);
    }

    /**
     * The same of rows that are further apart, or into float32.
     *
     * @param stride of x, in elements
     */
    void project(long x, long stride, long weight, long y, NumberType type, int rows, int columns, int depth) {
        dense.multiply(launcher.stream(), new DenseGemm.Matrix(x, rows, depth, stride, launcher.type()),
                DenseGemm.Matrix.of(weight, columns, depth, launcher.type()),
                DenseGemm.Matrix.of(y, rows, columns, type), false);
    }

    /** The same of an MLP's output as it is stored. */
    float mlpShare() {
        return residualScale() / launcher.type().mlpScale();
    }

    /** {@code residual[rows][hidden] += residualScale * x[rows][depth] * weight^T}. */
    void projectOnto(long residual, long x, long weight, int rows, int depth) {
        projectOnto(residual, x, weight, rows, depth, residualScale());
    }

    /** @param share in place of {@link #residualScale} */
    void projectOnto(long residual, long x, long weight, int rows, int depth, float share) {
        dense.add(launcher.stream(), DenseGemm.Matrix.of(x, rows, depth, launcher.type()),
                DenseGemm.Matrix.of(weight, hidden(), depth, launcher.type()),
                DenseGemm.Matrix.of(residual, rows, hidden(), NumberType.FP32), share);
    }

    /** Norms residual rows of a layer's block into activations. */
    void norm(long residual, long into, int rows, long weight, long bias) {
        norm(residual, into, 0, rows, weight, bias);
    }

    /** @param low receives what rounding takes away, 0 for nobody */
    void norm(long residual, long into, long low, int rows, long weight, long bias) {
        launcher.rows("norm", "norm_residual", rows, ROW_THREADS, residual, into, low, weight, bias, hidden(),
                (float) norm().epsilon());
    }

    /** {@code y[rows][columns] += x[rows][depth] * weight^T}, y in float32. */
    void addProduct(long x, long weight, long y, int rows, int columns, int depth) {
        dense.multiply(launcher.stream(), DenseGemm.Matrix.of(x, rows, depth, launcher.type()),
                DenseGemm.Matrix.of(weight, columns, depth, launcher.type()),
                DenseGemm.Matrix.of(y, rows, columns, NumberType.FP32), true);
    }

    /** RMS norm in place of {@code width} elements of rows that are {@code stride} apart. */
    void normRows(long x, long stride, int rows, int width, long weight, double epsilon) {
        launcher.rows("norm", "norm_rows", rows, RowThreads.of(width), x, stride, weight, width, (float) epsilon);
    }

    /** Adds a bias to contiguous activations; does nothing if there is none. */
    void bias(long x, int rows, int width, long bias) {
        if (bias != 0) {
            launcher.rows("bias", "bias_rows", rows, ROW_THREADS, x, width, bias);
        }
    }

    /** Adds an output projection's bias to the residual stream; does nothing if there is none. */
    void biasOnto(long residual, int rows, long bias) {
        if (bias != 0) {
            launcher.rows("bias", "bias_residual", rows, ROW_THREADS, residual, hidden(), bias, residualScale());
        }
    }
}
