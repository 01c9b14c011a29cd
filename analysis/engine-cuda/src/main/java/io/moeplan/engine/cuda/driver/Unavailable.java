package io.moeplan.engine.cuda.driver;

import java.io.IOException;

/** CUDA cannot be used on this machine; the message is the reason, in a line. */
public final class Unavailable extends IOException {
    private static final long serialVersionUID = 1L;

    private final String reason;

    public Unavailable(String reason) {
        this(reason, "");
    }

    /** @param detail for who expected it to be usable: what was tried */
    public Unavailable(String reason, String detail) {
        super(detail.isEmpty() ? reason : reason + " (" + detail + ")");
        this.reason = reason;
    }

    /** The message without its detail, for who may not expect a GPU. */
    public String reason() {
        return reason;
    }
}
