package io.moeplan.cli;

import io.moeplan.engine.text.ChatTemplate;
import io.moeplan.engine.text.TextEncoder;
import io.moeplan.engine.text.Tokenizer;
import io.moeplan.engine.text.TokenizerOnDemand;
import io.moeplan.engine.workload.Request;
import io.moeplan.engine.workload.Workload;
import io.moeplan.engine.workload.WorkloadDigest;
import io.moeplan.engine.workload.WorkloadReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The requests of a workload as the model's tokenizer and chat template read them.
 *
 * @param skipped conversations left out because nobody asks anything in them
 * @param digest  identity of the workload's files
 */
record Requests(List<Request> list, int skipped, String digest) {
    /**
     * Reads the workload.
     *
     * @param vocabulary tokens of the model's vocabulary
     * @throws IOException if it is missing, damaged or does not fit the model, or the tokenizer or chat template that it needs is
     */
    static Requests read(RecordOptions options, int vocabulary) throws IOException {
        ChatTemplate template = ChatTemplate.find(options.model()).orElse(null);
        try (TokenizerOnDemand tokenizer = new TokenizerOnDemand(options.model())) {
            TextEncoder encoder = Tokenizer.find(options.model()).isPresent() ? tokenizer : null;
            WorkloadReader reader = new WorkloadReader(encoder, template, vocabulary, options.limit());
            Workload workload = reader.read(options.workload());
            return new Requests(workload.requests(), workload.skipped(),
                    "sha256:" + WorkloadDigest.sha256(options.workload()));
        }
    }

    /** Null if the model has none: then only token ids can be read. */
    static Tokenizer tokenizer(Path model) throws IOException {
        return Tokenizer.find(model).isPresent() ? Tokenizer.open(model) : null;
    }
}
