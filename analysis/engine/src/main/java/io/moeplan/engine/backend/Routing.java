package io.moeplan.engine.backend;

/**
 * The experts that every token of a wave chose in one layer, each token's in descending score (ties: lower number first).
 *
 * @param topK    experts per token
 * @param experts {@code [tokens][topK]} row-major, logical expert numbers
 * @param weights {@code [tokens][topK]} row-major, what each expert's output is multiplied with; empty where nobody needs them
 */
public record Routing(int topK, char[] experts, float[] weights) {
    public Routing(int tokens, int topK) {
        this(topK, new char[Math.multiplyExact(tokens, topK)], new float[Math.multiplyExact(tokens, topK)]);
    }
}
