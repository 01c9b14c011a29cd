package io.moeplan.engine.cuda;

import java.io.IOException;

/** CUDA cannot be used on this machine; the message is the reason, in a line. */
public final class Unavailable extends IOException {
    private static final long serialVersionUID = 1L;

    public Unavailable(String reason) {
        super(reason);
    }
}
