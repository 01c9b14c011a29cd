package io.moeplan.eplb;

/** A deployment was asked for that no plan can fill; the message is one line that says what would be possible. */
public final class ImpossiblePlanException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public ImpossiblePlanException(String message) {
        super(message);
    }
}
