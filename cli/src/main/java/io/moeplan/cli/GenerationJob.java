package io.moeplan.cli;

import io.moeplan.engine.Engine;
import io.moeplan.engine.GenerationOptions;
import io.moeplan.engine.generate.Generation;
import io.moeplan.engine.generate.ResponseFile;
import io.moeplan.engine.text.Tokenizer;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;

/** Lets the model answer what has no response, and saves the answers if that is wanted. */
final class GenerationJob {
    private final GenerateOptions options;
    private final Path model;
    private final long seed;
    private final PrintWriter err;
    private Generation generation;

    GenerationJob(GenerateOptions options, Path model, long seed, PrintWriter err) {
        this.options = options;
        this.model = model;
        this.seed = seed;
        this.err = err;
    }

    /**
     * The workload with a response to every request.
     *
     * @throws IOException if the model's stop tokens or tokenizer cannot be read, or the responses not be written
     */
    List<Request> answer(Engine engine, List<Request> workload, Interruption interruption) throws IOException {
        try (ProgressLine line = ProgressLine.onStderr()) {
            generation = engine.generate(workload, new GenerationOptions(options.maxNewTokens(),
                    options.sampling(seed), options.ignoreEos(), line::update, interruption::requested));
        } catch (CancellationException e) {
            err.println("moeplan: interrupted while generating: nothing was recorded");
            throw e;
        }
        if (options.responses().isPresent()) {
            save(options.responses().get(), engine.info().name(), workload);
        }
        return generation.respond(workload);
    }

    private void save(Path file, String name, List<Request> workload) throws IOException {
        try (Tokenizer tokenizer = Requests.tokenizer(model)) {
            new ResponseFile(name, tokenizer).write(file, workload, generation.completions());
        }
    }

    /** What was generated, and where it is. */
    String summary() {
        String text = generation.completions().isEmpty()
                ? "Nothing was generated: every request has a response"
                : String.format(Locale.ROOT, "Generated %,d tokens for %,d requests in %.1f s, %,.0f tokens/s",
                        generation.tokens(), generation.completions().size(), generation.seconds(),
                        generation.tokensPerSecond());
        return options.responses().isPresent() ? text + "; responses written to " + options.responses().get() : text;
    }
}
