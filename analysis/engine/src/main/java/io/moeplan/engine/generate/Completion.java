package io.moeplan.engine.generate;

/**
 * What the model wrote.
 *
 * @param request number of the request in the workload
 * @param ids     the new tokens, a stop token at the end included
 */
public record Completion(int request, int[] ids, Finish finish) {
    /** Why it ended. */
    public enum Finish {
        /** The model wrote a stop token. */
        STOP,
        /** It had as many tokens as were asked for, or the model takes no more. */
        LENGTH
    }
}
