package io.moeplan.recording;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Says in one line why a file could not be written, and what is left of it. */
final class WriteFailure {
    /** Less than this left on a device counts as none. */
    private static final long NO_SPACE = 64 << 10;

    private WriteFailure() {}

    static IOException of(Path file, String kept, IOException cause) {
        String reason = isFull(file, cause) ? "no space left on device" : "cannot write: " + cause.getMessage();
        return new IOException(file + ": " + reason + ": " + kept, cause);
    }

    private static boolean isFull(Path file, IOException cause) {
        if (cause.getMessage() != null && cause.getMessage().contains("No space left")) {
            return true;
        }
        // The system's message comes in the user's language, so ask the device as well.
        try {
            return Files.getFileStore(file.toAbsolutePath().getParent()).getUsableSpace() < NO_SPACE;
        } catch (IOException e) {
            return false;
        }
    }
}
