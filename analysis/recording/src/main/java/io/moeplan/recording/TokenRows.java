package io.moeplan.recording;

/**
 * Routed tokens, column by column. Arrays may be longer than the rows in them.
 *
 * <p>Tokens of a recording lie in the order of the workload.
 *
 * @param rows     tokens in here
 * @param request  number of the token's request, {@code [rows]}
 * @param position the token's place in its request, from 0, {@code [rows]}
 * @param tokenId  its id in the model's vocabulary, {@code [rows]}
 * @param phase    {@link #PROMPT} or {@link #RESPONSE}, {@code [rows]}
 * @param experts  logical experts as unsigned 16-bit numbers, {@code [rows][layers][topK]} row-major
 * @param weights  their gate weights, stored as float16, {@code [rows][layers][topK]} row-major; null if not recorded
 */
public record TokenRows(int rows, int[] request, int[] position, int[] tokenId, byte[] phase, short[] experts,
        float[] weights) {
    /** The token is part of the prompt. */
    public static final byte PROMPT = 0;
    /** The token is part of the recorded response. */
    public static final byte RESPONSE = 1;

    /** As many rows as {@code request} is long. */
    public TokenRows(int[] request, int[] position, int[] tokenId, byte[] phase, short[] experts, float[] weights) {
        this(request.length, request, position, tokenId, phase, experts, weights);
    }

    /** @throws IllegalArgumentException if an array is too short for the rows */
    public TokenRows {
        if (rows < 0 || request.length < rows || position.length < rows || tokenId.length < rows
                || phase.length < rows) {
            throw new IllegalArgumentException(rows + " rows of tokens do not fit arrays of " + request.length + ", "
                    + position.length + ", " + tokenId.length + " and " + phase.length);
        }
    }

    /** The expert at {@code experts[index]} as a number, 0 to 65535. */
    public int expert(int index) {
        return Short.toUnsignedInt(experts[index]);
    }
}
