package io.moeplan.engine.record;

import java.io.IOException;
import java.util.List;

/**
 * Where a recording goes. Called by one thread at a time, not always the same. A request comes before its tokens, and all
 * come in workload order.
 */
public interface RecordingSink {
    /** A token of the prompt, or a pass with nothing but such tokens. */
    byte PROMPT = 0;
    /** A token of the response, or a pass with nothing but such tokens. */
    byte RESPONSE = 1;
    /** A pass with tokens of both kinds. */
    byte MIXED = 2;

    /**
     * A request that was recorded.
     *
     * @param index number of the request since recording started, from 0
     * @param tag   null if it has none
     */
    record RequestRow(int index, String id, String tag, int promptTokens, int responseTokens) {}

    /**
     * Consecutive tokens, one row each. The arrays hold the next tokens later: a sink copies what it keeps.
     *
     * @param request  {@link RequestRow#index}
     * @param position position in the request, prompt and response together, from 0
     * @param phase    {@link #PROMPT} or {@link #RESPONSE}
     * @param experts  {@code [rows][layers * topK]} row-major, a row being {@code [layer][k]} in descending score; logical
     *                 expert numbers, unsigned 16 bit
     * @param weights  routing weights in the same layout, or null if they are not recorded
     */
    record TokenRows(int[] request, int[] position, int[] tokenId, byte[] phase, short[] experts, float[] weights) {
        public int rows() {
            return request.length;
        }

        /** The same rows in arrays of their own. */
        public TokenRows copy() {
            return new TokenRows(request.clone(), position.clone(), tokenId.clone(), phase.clone(), experts.clone(),
                    weights == null ? null : weights.clone());
        }
    }

    /**
     * One forward pass, or in stat mode several of them summed.
     *
     * @param step   number of the step since recording started, from 0
     * @param phase  {@link #PROMPT}, {@link #RESPONSE} or {@link #MIXED}
     * @param tokens tokens of the step
     * @param counts tokens that went to each expert, {@code [layers * experts]} row-major
     */
    record Step(long step, byte phase, int tokens, int[] counts) {}

    void requests(List<RequestRow> requests) throws IOException;

    void tokens(TokenRows rows) throws IOException;

    void step(Step step) throws IOException;

    /** Everything handed over so far is complete and should outlive the process from now on. */
    void flush() throws IOException;
}
