package io.moeplan.engine.cuda;

/** CUDA cannot be used on this machine; the message is the reason, in a line. */
public final class Unavailable extends Exception {
    private static final long serialVersionUID = 1L;

    public Unavailable(String reason) {
        super(reason);
    }
}
