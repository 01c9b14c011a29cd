package io.moeplan.engine.cuda.kernels;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.Kernel;
import io.moeplan.engine.cuda.driver.Kernels;
import io.moeplan.engine.cuda.driver.Stream;
import java.util.stream.IntStream;

/** Counts how often passes, which are consecutive tokens, chose each expert ({@code count.cu}). */
public final class PassCounts {
    private static final int THREADS = 256;
    /** Blocks that a multiprocessor runs at a time. */
    private static final int BLOCKS = 8;
    /** Choices of a block at least, where several share a pass; its counts, up to 1,024, are added to theirs. */
    private static final int LEAST_CHOICES = 2048;

    private final Kernel clear;
    private final Kernel count;
    private final int multiprocessors;
    private final int experts;
    private final int topK;

    /**
     * For one shape of routers.
     *
     * @param experts 1,024 at most
     */
    public PassCounts(Cuda cuda, Kernels kernels, int experts, int topK) {
        String define = "EXPERTS=" + experts;
        clear = kernels.get("count", "clear", define);
        count = kernels.get("count", "count", define);
        multiprocessors = cuda.multiprocessors();
        this.experts = experts;
        this.topK = topK;
    }

    /**
     * The passes of a wave.
     *
     * @param count   how many
     * @param longest tokens of the longest
     * @param starts  device address: the first token of each and the end of the last, int32 {@code [count + 1]}
     */
    public record Passes(int count, int longest, long starts) {
        /**
         * Those that begin so.
         *
         * @param host what is at {@code starts}
         */
        public static Passes of(int[] host, long starts) {
            int count = host.length - 1;
            return new Passes(count, IntStream.range(0, count).map(p -> host[p + 1] - host[p]).max().orElse(0), starts);
        }
    }

    /** Bytes of the counts of so many passes. */
    public static long bytes(int passes, int experts) {
        return 4L * passes * experts;
    }

    /**
     * Queues it.
     *
     * @param chosen uint16 {@code [tokens][topK]}, at a device address
     * @param counts int32 {@code [passes][experts]}, at a device address; all of it is written
     */
    public void count(Stream stream, Passes passes, long chosen, long counts) {
        if (passes.count == 0) {
            return;
        }
        int blocks = blocks(multiprocessors, passes.count, (long) passes.longest * topK);
        if (blocks > 1) {
            int size = passes.count * experts;
            clear.launch(stream, new int[]{Math.ceilDiv(size, THREADS), 1, 1}, THREADS, 0, counts, size);
        }
        count.launch(stream, new int[]{passes.count, blocks, 1}, THREADS, 0, chosen, topK, passes.starts, counts);
    }

    /**
     * Blocks that share a pass: enough to keep the multiprocessors busy, if there is work for them.
     *
     * @param choices of the longest pass
     */
    static int blocks(int multiprocessors, int passes, long choices) {
        long most = Math.ceilDiv(choices, LEAST_CHOICES);
        return (int) Math.clamp(Math.ceilDiv(multiprocessors * BLOCKS, passes), 1, Math.max(1, most));
    }
}
