package io.moeplan.engine.cuda.kernels;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.Kernel;
import io.moeplan.engine.cuda.driver.Kernels;
import io.moeplan.engine.cuda.driver.Stream;

/** Sorts chosen experts into rows, on the device and without waiting for it ({@code permute.cu}). */
public final class Permutation implements AutoCloseable {
    private static final int CHUNK = 512;

    private final Kernel count;
    private final Kernel scan;
    private final Kernel place;
    private final int experts;
    private final int topK;
    private final int mostTokens;
    private final DeviceBuffer counts;
    private final DeviceBuffer totals;

    /**
     * Room for waves of a model.
     *
     * @param experts 1,024 at most
     * @param tokens  of a wave at most
     */
    public Permutation(Cuda cuda, Kernels kernels, int experts, int topK, int tokens) {
        this.experts = experts;
        this.topK = topK;
        mostTokens = tokens;
        String define = "EXPERTS=" + experts;
        count = kernels.get("permute", "count_chunks", define);
        scan = kernels.get("permute", "scan_chunks", define);
        place = kernels.get("permute", "place", define);
        counts = new DeviceBuffer(cuda, 4L * experts * Math.ceilDiv(Math.multiplyExact(tokens, topK), CHUNK));
        totals = new DeviceBuffer(cuda, 4L * experts);
    }

    /**
     * Where everything goes, at device addresses, all int32. Rows of an expert are in the order of tokens.
     *
     * @param offsets  {@code [experts + 1]}: first row of each expert
     * @param rowToken {@code [tokens * topK]}: token of each row
     * @param slotRow  {@code [tokens][topK]}: row of each choice
     */
    public record Order(long offsets, long rowToken, long slotRow) {}

    /**
     * Queues it.
     *
     * @param ids int32 {@code [tokens][topK]}
     */
    public void sort(Stream stream, int tokens, long ids, Order order) {
        if (tokens > mostTokens) {
            throw new IllegalArgumentException(tokens + " tokens where there is room for " + mostTokens);
        }
        int choices = tokens * topK;
        int chunks = Math.ceilDiv(choices, CHUNK);
        int[] grid = {chunks, 1, 1};
        count.launch(stream, grid, 256, 0, ids, choices, counts);
        scan.launch(stream, new int[]{experts, 1, 1}, 256, 0, counts, chunks, totals);
        place.launch(stream, grid, Math.ceilDiv(experts, 32) * 32, 0, ids, choices, topK, counts, totals,
                order.offsets, order.rowToken, order.slotRow);
    }

    @Override
    public void close() {
        counts.close();
        totals.close();
    }
}
