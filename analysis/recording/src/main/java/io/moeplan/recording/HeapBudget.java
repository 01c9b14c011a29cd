package io.moeplan.recording;

import java.io.IOException;
import java.nio.file.Path;

/** Counts what a result takes of the heap, to say so in one line before the virtual machine gives up. */
final class HeapBudget {
    private final Path file;
    private final String remedy;
    private final long limit;
    private long used;

    /** @param remedy what the user can do if the result is too large */
    HeapBudget(Path file, String remedy) {
        this.file = file;
        this.remedy = remedy;
        this.limit = Runtime.getRuntime().maxMemory() / 2;
    }

    void take(long bytes) throws IOException {
        used += bytes;
        if (used > limit) {
            throw new IOException(file + ": its loads take more than " + (limit >> 20)
                    + " MiB, half of the memory there is; " + remedy);
        }
    }
}
