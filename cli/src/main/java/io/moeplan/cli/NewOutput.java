package io.moeplan.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** Outputs are new files and folders: what exists is never written over. */
final class NewOutput {
    private NewOutput() {}

    /**
     * Refuses an output that exists, before any work is done for it.
     *
     * @throws IOException if it exists, or the folder it would lie in does not
     */
    static void requireAbsent(Path out) throws IOException {
        requireAbsent(out, "--out");
    }

    /**
     * As {@link #requireAbsent(Path)} for an output with an option of its own.
     *
     * @throws IOException if it exists, or the folder it would lie in does not
     */
    static void requireAbsent(Path out, String option) throws IOException {
        if (Files.exists(out, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException(out + ": exists already; name a new one with " + option + ", or remove it first");
        }
        Path parent = out.toAbsolutePath().getParent();
        if (parent != null && !Files.isDirectory(parent)) {
            throw new IOException(parent + ": no such folder to write " + out.getFileName() + " into");
        }
    }
}
