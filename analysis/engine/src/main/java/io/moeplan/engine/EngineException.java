package io.moeplan.engine;

/** A run that cannot go on; the message is one line for the user. */
public final class EngineException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public EngineException(String message) {
        super(message);
    }
}
