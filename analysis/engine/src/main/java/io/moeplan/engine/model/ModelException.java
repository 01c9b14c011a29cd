package io.moeplan.engine.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.moeplan.tensors.JsonProblem;
import java.io.IOException;
import java.nio.file.Path;

/** A model that cannot be run as it lies; the message is one line that names the file and the place in it. */
public final class ModelException extends IOException {
    private static final long serialVersionUID = 1L;

    public ModelException(Path file, String problem) {
        super(file + ": " + problem);
    }

    public ModelException(Path file, String problem, Throwable cause) {
        this(file + ": " + problem, cause);
    }

    private ModelException(String message, Throwable cause) {
        super(message, cause);
    }

    /** A file that is to be JSON and is none. */
    static ModelException notJson(Path file, JsonProcessingException cause) {
        return new ModelException(JsonProblem.in(file, cause), cause);
    }
}
