package io.moeplan.engine.cuda;

/** RMS norm of the residual stream ({@code rms_norm.cu}). */
public final class RmsNorm {
    private final Kernel kernel;
    private final int threads;

    /** @param width columns, a multiple of 8, 65,536 at most */
    public RmsNorm(Kernels kernels, int width) {
        threads = RowThreads.of(width);
        kernel = kernels.get("rms_norm", "rms_norm", "WIDTH=" + width, "THREADS=" + threads);
    }

    /**
     * Queues it.
     *
     * @param x      float32 {@code [rows][width]}
     * @param weight float32 {@code [width]}
     * @param out    bf16 {@code [rows][width]}
     */
    public void apply(Stream stream, int rows, long x, long weight, long out, float epsilon) {
        kernel.launch(stream, new int[]{rows, 1, 1}, threads, 0, x, weight, out, epsilon);
    }
}
