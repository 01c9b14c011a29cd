package io.moeplan.recording;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Says in one line why a file could not be read or written. */
final class FileFault {
    /** Less than this left on a device counts as none. */
    private static final long NO_SPACE = 64 << 10;

    private FileFault() {}

    /** @param advice what the file is for, or what to do */
    static IOException reading(Path file, String advice, IOException cause) {
        return new IOException(file + ": " + reason(cause) + "; " + advice, cause);
    }

    /** @param kept what is left of what was written */
    static IOException writing(Path file, String kept, IOException cause) {
        boolean refused = cause instanceof NoSuchFileException || cause instanceof AccessDeniedException;
        String reason = !refused && isFull(file, cause) ? "no space left on device" : reason(cause);
        return new IOException(file + ": " + reason + ": " + kept, cause);
    }

    /** The messages of these exceptions are often no more than the path. */
    private static String reason(IOException cause) {
        return switch (cause) {
            case NoSuchFileException e -> "no such file or directory";
            case AccessDeniedException e -> "permission denied";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            default -> String.valueOf(cause.getMessage());
        };
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
