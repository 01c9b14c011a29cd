package io.moeplan.engine.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A model's tokenizer, opened when the first text is encoded: token ids need neither its time nor its native library. */
public final class TokenizerOnDemand implements TextEncoder, AutoCloseable {
    private final Path model;
    private Tokenizer opened;

    /** @param model as of {@link Tokenizer#open} */
    public TokenizerOnDemand(Path model) {
        this.model = model;
    }

    @Override
    public List<int[]> encodeAll(List<String> texts, boolean addSpecial) throws IOException {
        if (opened == null) {
            opened = Tokenizer.open(model);
        }
        return opened.encodeAll(texts, addSpecial);
    }

    @Override
    public void close() {
        if (opened != null) {
            opened.close();
        }
    }
}
