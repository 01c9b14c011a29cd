package io.moeplan.report;

import java.util.List;

/**
 * What was recorded, with what and how fast: the facts at the head of every report. Strings may come from foreign files;
 * every renderer escapes them for its medium.
 *
 * @param toolVersion moeplan's version
 * @param timing      null if the recording does not say, e.g. an imported one
 * @param complete    false if recording was cut short and this is what was saved
 */
public record RunFacts(String toolVersion, Model model, Source source, Workload workload, Timing timing,
        boolean complete) {
    /**
     * The model recorded.
     *
     * @param type    the {@code model_type} of its config; null if unknown
     * @param layers  MoE layers
     * @param experts logical experts per MoE layer
     * @param topK    experts per token
     */
    public record Model(String name, String type, int layers, int experts, int topK) {}

    /**
     * How the recording was made.
     *
     * @param engine    the embedded engine or the importer, e.g. {@code embedded} or {@code sglang}
     * @param device    e.g. {@code cpu}; null if unknown
     * @param precision e.g. {@code bf16}; null if unknown
     * @param mode      {@code per-token}, {@code per-pass} or {@code stat}; null if unknown
     */
    public record Source(String engine, String device, String precision, String mode) {}

    /**
     * What was run.
     *
     * @param digest   digest of the workload file; null if unknown
     * @param requests requests recorded; 0 if unknown, as for an imported dump
     * @param tokens   tokens recorded
     * @param steps    steps (forward passes, or windows of them)
     * @param tags     requests per tag; empty if the workload has no tags
     */
    public record Workload(String digest, int requests, long tokens, int steps, List<TagRequests> tags) {}

    /** Requests with one tag. */
    public record TagRequests(String tag, int requests) {}

    /** Seconds to load weights, seconds of prefill, and tokens per second of prefill. */
    public record Timing(double loadSeconds, double prefillSeconds, double tokensPerSecond) {}
}
