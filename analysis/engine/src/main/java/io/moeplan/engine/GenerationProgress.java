package io.moeplan.engine;

/**
 * How far generation is.
 *
 * @param finished requests with a whole response
 * @param running  requests in the batch
 * @param requests requests in all
 * @param tokens   new tokens so far
 * @param seconds  time since generation began
 */
public record GenerationProgress(int finished, int running, int requests, long tokens, double seconds) {
    /** Receives progress about ten times a second, and once at the end. */
    @FunctionalInterface
    public interface Listener {
        void update(GenerationProgress progress);
    }

    public double tokensPerSecond() {
        return seconds > 0 ? tokens / seconds : 0;
    }
}
