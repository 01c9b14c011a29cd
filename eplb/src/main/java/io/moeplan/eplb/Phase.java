package io.moeplan.eplb;

/** What a forward pass worked on; {@link #code()} is its number in a recording's {@code steps.arrow}. */
public enum Phase {
    PREFILL(0), DECODE(1), MIXED(2);

    private final int code;

    Phase(int code) {
        this.code = code;
    }

    /** 0 prefill, 1 decode, 2 mixed. */
    public int code() {
        return code;
    }

    /**
     * The phase with this code.
     *
     * @throws IllegalArgumentException if {@code code} is not 0, 1 or 2
     */
    public static Phase ofCode(int code) {
        return switch (code) {
            case 0 -> PREFILL;
            case 1 -> DECODE;
            case 2 -> MIXED;
            default -> throw new IllegalArgumentException(
                    "phase " + code + " is none of 0 (prefill), 1 (decode), 2 (mixed)");
        };
    }
}
