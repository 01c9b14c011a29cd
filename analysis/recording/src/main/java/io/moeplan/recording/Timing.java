package io.moeplan.recording;

/**
 * What a recording cost.
 *
 * @param loadSeconds     spent reading weights
 * @param prefillSeconds  spent computing
 * @param tokensPerSecond tokens recorded per second
 */
public record Timing(double loadSeconds, double prefillSeconds, double tokensPerSecond) {
    public Timing {
        if (!(loadSeconds >= 0 && prefillSeconds >= 0 && tokensPerSecond >= 0)) {
            throw new IllegalArgumentException("timing holds a negative number: " + loadSeconds + ", " + prefillSeconds
                    + ", " + tokensPerSecond);
        }
    }
}
