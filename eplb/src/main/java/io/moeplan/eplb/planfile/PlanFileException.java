package io.moeplan.eplb.planfile;

import java.io.IOException;

/** A plan file that cannot be read; the message names the file and the place in it. */
public final class PlanFileException extends IOException {
    private static final long serialVersionUID = 1L;

    public PlanFileException(String message) {
        super(message);
    }

    public PlanFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
