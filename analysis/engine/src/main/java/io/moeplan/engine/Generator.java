package io.moeplan.engine;

import io.moeplan.engine.backend.Backend;
import io.moeplan.engine.backend.Past;
import io.moeplan.engine.backend.Wave;
import io.moeplan.engine.backend.Work;
import io.moeplan.engine.generate.Completion;
import io.moeplan.engine.generate.Generation;
import io.moeplan.engine.generate.Sampler;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Model;
import io.moeplan.engine.workload.Request;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;

/**
 * Answers the requests that have no response. Each step takes one token of every running request through the model, and
 * parts of the prompts of requests that come in as others leave.
 */
final class Generator {
    private static final int MAX_BATCH = 128;
    /** Prompt tokens of a step. */
    private static final int PROMPT_TOKENS = 1024;
    private static final double PROGRESS_SECONDS = 0.1;

    private final Architecture architecture;
    private final List<Request> requests;
    private final GenerationOptions options;
    private final Set<Integer> stopIds;
    private final Sampler sampler;
    private final Past past;
    private final Deque<Integer> waiting;
    private final List<Growing> running = new ArrayList<>();
    private final List<Completion> completions = new ArrayList<>();
    private final GenerationMemory memory;
    private final int batch;
    private final long started = System.nanoTime();
    private long used;
    private long tokens;
    private double told;

    private Generator(Model model, Past past, long memoryBytes, List<Request> requests, Deque<Integer> waiting,
            GenerationOptions options, Set<Integer> stopIds) {
        this.architecture = model.architecture();
        this.past = past;
        this.requests = requests;
        this.waiting = waiting;
        this.options = options;
        this.stopIds = stopIds;
        this.sampler = new Sampler(options.sampling());
        this.batch = Math.min(MAX_BATCH, waiting.size());
        this.memory = new GenerationMemory(memoryBytes, model.info().bytes(), 4L * batch * architecture.vocabulary(),
                past);
    }

    /**
     * Generates.
     *
     * @param stopIds tokens that end a response
     */
    static Generation run(Model model, Backend backend, long memoryBytes, List<Request> requests,
            GenerationOptions options, Set<Integer> stopIds) {
        Deque<Integer> waiting = new ArrayDeque<>();
        int longest = 1;
        for (int r = 0; r < requests.size(); r++) {
            if (requests.get(r).responseIds().length == 0) {
                int[] ids = Run.checkedIds(model.architecture(), requests.get(r));
                longest = Math.max(longest, most(model.architecture(), ids.length, options));
                waiting.add(r);
            }
        }
        if (waiting.isEmpty()) {
            return new Generation(List.of(), 0, 0);
        }
        try (Past past = backend.past(longest, PROMPT_TOKENS + MAX_BATCH)) {
            return new Generator(model, past, memoryBytes, requests, waiting, options, stopIds).execute();
        }
    }

    private static int most(Architecture architecture, int prompt, GenerationOptions options) {
        return (int) Math.min((long) prompt + options.maxNewTokens(), architecture.maxPositions());
    }

    private int most(int request) {
        return most(architecture, requests.get(request).promptIds().length, options);
    }

    private Generation execute() {
        for (int request : waiting) {
            memory.require(requests.get(request).id(), most(request));
        }
        float[][] logits = new float[batch][architecture.vocabulary()];
        int total = waiting.size();
        while (completions.size() < total) {
            admit();
            step(logits);
            tell(total);
        }
        options.progress().update(progress(total));
        completions.sort(Comparator.comparingInt(Completion::request));
        return new Generation(List.copyOf(completions), tokens, seconds());
    }

    private void admit() {
        while (!waiting.isEmpty() && running.size() < batch) {
            int request = waiting.getFirst();
            long bytes = past.bytes(most(request));
            if (used + bytes > memory.room()) {
                return;
            }
            waiting.removeFirst();
            if (requests.get(request).promptIds().length == most(request)) {
                completions.add(new Completion(request, new int[0], Completion.Finish.LENGTH));
            } else {
                used += bytes;
                running.add(new Growing(request, requests.get(request), past.begin(most(request)), bytes,
                        most(request)));
            }
        }
    }

    private void step(float[][] logits) {
        List<Growing> taken = new ArrayList<>();
        List<int[]> next = new ArrayList<>();
        int left = PROMPT_TOKENS;
        for (Growing growing : running) {
            int count = growing.waiting() == 1 ? 1 : Math.min(growing.waiting(), left);
            if (count > 0) {
                left -= count == 1 ? 0 : count;
                taken.add(growing);
                next.add(growing.next(count));
            }
        }
        if (taken.isEmpty()) {
            return;
        }
        List<Growing> ready = taken.stream().filter(growing -> growing.waiting() == 0).toList();
        try (Wave wave = past.extend(taken.stream().mapToInt(Growing::number).toArray(), next)) {
            layers(wave, taken, next);
            wave.logits(lastTokens(taken, next), logits, this::check);
        }
        for (int i = 0; i < ready.size(); i++) {
            choose(ready.get(i), logits[i]);
        }
    }

    /** The last token in the wave of every sequence that has no other waiting. */
    private static int[] lastTokens(List<Growing> taken, List<int[]> next) {
        int end = 0;
        List<Integer> last = new ArrayList<>();
        for (int s = 0; s < taken.size(); s++) {
            end += next.get(s).length;
            if (taken.get(s).waiting() == 0) {
                last.add(end - 1);
            }
        }
        return last.stream().mapToInt(Integer::intValue).toArray();
    }

    private void layers(Wave wave, List<Growing> taken, List<int[]> next) {
        Work work = this::check;
        for (int layer = 0; layer < architecture.layers().size(); layer++) {
            wave.attention(layer, work);
            switch (architecture.layers().get(layer).feedForward()) {
                case FeedForward.Dense dense -> wave.dense(layer, work);
                case FeedForward.Sparse sparse -> {
                    int bad = wave.route(layer, work);
                    if (bad >= 0) {
                        throw new EngineException("layer " + layer + ": the router logits of request "
                                + requests.get(requestOf(bad, taken, next)).id()
                                + " are not finite (NaN or infinite) while generating; is the checkpoint damaged?");
                    }
                    wave.experts(layer, work);
                }
            }
        }
    }

    private static int requestOf(int token, List<Growing> taken, List<int[]> next) {
        int sequence = 0;
        int end = next.getFirst().length;
        while (end <= token) {
            sequence++;
            end += next.get(sequence).length;
        }
        return taken.get(sequence).request();
    }

    private void choose(Growing growing, float[] logits) {
        if (IntStream.range(0, logits.length).anyMatch(id -> !Float.isFinite(logits[id]))) {
            throw new EngineException("the logits of request " + requests.get(growing.request()).id()
                    + " are not finite (NaN or infinite); is the checkpoint damaged?");
        }
        int id = sampler.choose(logits, growing.request(), growing.length());
        growing.append(id);
        tokens++;
        boolean stop = stopIds.contains(id);
        if (stop || growing.full()) {
            completions.add(new Completion(growing.request(), growing.response(),
                    stop ? Completion.Finish.STOP : Completion.Finish.LENGTH));
            running.remove(growing);
            past.end(growing.number());
            used -= growing.bytes();
        }
    }

    private void check(long flops) {
        if (options.cancelled().getAsBoolean()) {
            throw new CancellationException("cancelled");
        }
    }

    private double seconds() {
        return (System.nanoTime() - started) / 1e9;
    }

    private void tell(int total) {
        if (seconds() - told >= PROGRESS_SECONDS) {
            told = seconds();
            options.progress().update(progress(total));
        }
    }

    private GenerationProgress progress(int total) {
        return new GenerationProgress(completions.size(), running.size(), total, tokens, seconds());
    }
}
