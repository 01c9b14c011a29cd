package io.moeplan.recording.imports;

import io.moeplan.recording.Absent;
import io.moeplan.recording.RequestRow;
import io.moeplan.recording.TokenRows;
import java.io.IOException;
import java.util.Set;

/** The experts of every token. */
non-sealed interface TokenSource extends LoadSource {
    /**
     * What is known before the first token.
     *
     * @param layerNumbers the model's number of each MoE layer, ascending, {@code [layers]}
     * @param hiddenLayers decoder layers of the model, 0 if the source does not say
     * @param experts      logical experts per layer
     * @param topK         experts per token
     * @param passTokens   tokens of the largest pass, 0 if the source does not know passes
     * @param absent       what the source does not tell; with {@link Absent#REQUESTS}, each "request" is a forward pass
     */
    record Shape(int[] layerNumbers, int hiddenLayers, int experts, int topK, int passTokens, Set<Absent> absent) {}

    /** Takes the tokens, request by request. */
    interface Visitor {
        /** The request that the next tokens belong to. */
        void request(RequestRow request) throws IOException;

        /** Some of its tokens; the arrays are not kept. */
        void tokens(TokenRows rows, double done) throws IOException;
    }

    Shape shape();

    /**
     * Feeds all tokens in order; may be called again.
     *
     * @throws IOException if the source is damaged
     */
    void forEachToken(Visitor visitor) throws IOException;
}
