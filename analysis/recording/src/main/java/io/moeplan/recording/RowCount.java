package io.moeplan.recording;

import java.io.IOException;
import java.nio.file.Path;

/** Holds the rows found in a file against its manifest. */
final class RowCount {
    private RowCount() {}

    /** @throws IOException if the recording is complete and something is missing */
    static void check(Path file, boolean whole, Manifest manifest, String what, long found, long expected)
            throws IOException {
        if (!manifest.complete()) {
            return;
        }
        if (!whole || found != expected) {
            throw new IOException(file + ": holds " + found + " " + what + (whole ? "" : " and no footer") + ", but "
                    + Manifest.FILE_NAME + " says it is complete with " + expected + "; copy or record it again");
        }
    }
}
