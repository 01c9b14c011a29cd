package io.moeplan.engine.cuda;

/** RMS norm of rows ({@code rms_norm.cu}). */
public final class RmsNorm {
    private final Kernel kernel;
    private final int threads;
    private final int width;

    /**
     * For rows of one kind.
     *
     * @param width columns, a multiple of 8, 65,536 at most
     * @param bf16  whether rows come as bf16, not float32
     */
    public RmsNorm(Kernels kernels, int width, boolean bf16) {
        this.width = width;
        threads = RowThreads.of(width);
        kernel = kernels.get("rms_norm", "rms_norm", "WIDTH=" + width, "THREADS=" + threads,
                "BF16=" + (bf16 ? 1 : 0));
    }

    /**
     * Queues it for rows without gaps.
     *
     * @param x      {@code [rows][width]}
     * @param weight float32 {@code [width]}
     * @param out    bf16 {@code [rows][width]}
     */
    public void apply(Stream stream, int rows, long x, long weight, long out, float epsilon) {
        apply(stream, rows, x, width, weight, out, epsilon);
    }

    /**
     * Queues it for rows that are {@code stride} elements apart, a multiple of 8.
     *
     * @param x      {@code [rows][stride]}
     * @param weight float32 {@code [width]}
     * @param out    bf16 {@code [rows][width]}
     */
    public void apply(Stream stream, int rows, long x, long stride, long weight, long out, float epsilon) {
        kernel.launch(stream, new int[]{rows, 1, 1}, threads, 0, x, stride, weight, out, epsilon);
    }
}
