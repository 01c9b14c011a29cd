package io.moeplan.engine.text;

import java.io.IOException;
import java.util.List;

/** Makes token ids of texts. */
public interface TextEncoder {
    /**
     * Encodes texts of any length.
     *
     * @param addSpecial whether to add what the tokenizer puts around a text, e.g. a beginning-of-sequence token
     * @return token ids of each
     * @throws IOException if the tokenizer cannot be opened, in one line that names the file
     */
    List<int[]> encodeAll(List<String> texts, boolean addSpecial) throws IOException;
}
