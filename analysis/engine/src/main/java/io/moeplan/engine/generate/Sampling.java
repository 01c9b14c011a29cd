package io.moeplan.engine.generate;

/**
 * How a token is chosen.
 *
 * @param temperature divides logits before the softmax; 0 always takes the most probable token
 * @param topP        keeps the most probable tokens, as few as have this probability together; 1 keeps all
 * @param seed        the same seed draws the same tokens, whatever else is generated beside them
 */
public record Sampling(double temperature, double topP, long seed) {
    /** The most probable token. */
    public static final Sampling GREEDY = new Sampling(0, 1, 0);

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public Sampling {
        if (!(temperature >= 0) || temperature == Double.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("the temperature is " + temperature + ", expected 0 or more");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("top-p is " + topP + ", expected more than 0 and at most 1");
        }
    }
}
