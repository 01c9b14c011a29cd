package io.moeplan.tensors;

import java.io.IOException;
import java.nio.file.Path;

/** A checkpoint that cannot be trusted or read; the message is one line that names the file and the place in it. */
public final class CheckpointException extends IOException {
    private static final long serialVersionUID = 1L;

    public CheckpointException(Path file, String problem) {
        super(file + ": " + Printable.line(problem));
    }

    public CheckpointException(Path file, String problem, Throwable cause) {
        super(file + ": " + Printable.line(problem), cause);
    }
}
