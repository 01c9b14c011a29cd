package io.moeplan.engine.workload;

import java.io.IOException;

/** A workload that cannot be used; the message is one line that names the file and the place in it. */
public final class WorkloadException extends IOException {
    private static final long serialVersionUID = 1L;

    WorkloadException(String message) {
        super(message);
    }

    WorkloadException(String message, Throwable cause) {
        super(message, cause);
    }
}
