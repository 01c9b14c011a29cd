package io.moeplan.engine.model;

import java.io.IOException;
import java.nio.file.Path;

/** A model that cannot be run as it lies; the message is one line that names the file and the place in it. */
public final class ModelException extends IOException {
    private static final long serialVersionUID = 1L;

    public ModelException(Path file, String problem) {
        super(file + ": " + problem);
    }

    public ModelException(Path file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
    }
}
