package io.moeplan.recording.imports;

import io.moeplan.tensors.StridedTensor;
import java.io.IOException;
import java.nio.file.Path;

/** Adds counts that lie in tensors. */
final class Counts {
    /** Keeps one step at some ten megabytes whatever a file claims. */
    private static final long MOST = 1 << 23;

    private static final String EXPECTED = "expected 1 to 32767 layers, 1 to 65536 experts, at most " + MOST
            + " counts";

    private Counts() {}

    /** Refuses a tensor whose steps cannot be, or not be held in memory. */
    static void requirePossible(StridedTensor of, long layers, long experts) throws IOException {
        if (!isPossible(layers, experts)) {
            throw new IOException(of.file() + ": tensor " + of.name() + " is " + of + ": " + EXPECTED);
        }
    }

    /** Refuses a file whose steps cannot be, or not be held in memory. */
    static void requirePossible(Path file, long layers, long experts) throws IOException {
        if (!isPossible(layers, experts)) {
            throw new IOException(file + ": holds " + layers + " layers x " + experts + " experts: " + EXPECTED);
        }
    }

    private static boolean isPossible(long layers, long experts) {
        return layers >= 1 && layers < 1 << 15 && experts >= 1 && experts <= 1 << 16 && layers * experts <= MOST;
    }

    /**
     * Adds elements {@code from} on of a tensor to {@code into}.
     *
     * @throws IOException if one is negative
     */
    static void add(StridedTensor tensor, long from, long[] into) throws IOException {
        int[] counts = new int[into.length];
        tensor.ints(from, counts, 0, counts.length);
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] < 0) {
                throw new IOException(tensor.file() + ": tensor " + tensor.name() + " holds " + counts[i]
                        + ", expected counts");
            }
            into[i] += counts[i];
        }
    }
}
