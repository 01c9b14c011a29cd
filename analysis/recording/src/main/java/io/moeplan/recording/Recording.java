package io.moeplan.recording;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.TokenTrace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * A recording on disk. Everything but the manifest is read when asked for, in bounded memory; only recorded steps are
 * kept. Not for use by several threads.
 *
 * <p>A recording that is not complete, even one whose recorder was killed, reads as far as it was flushed. Damaged and
 * foreign files are an {@link IOException} that names the file.
 */
public final class Recording {
    private final Path dir;
    private final Manifest manifest;
    /** The steps of a recording that is not per-token, once read: a plan and the digest both want them. */
    private List<LoadTrace.Step> recordedSteps;

    private Recording(Path dir, Manifest manifest) {
        this.dir = dir;
        this.manifest = manifest;
    }

    /**
     * Opens the recording in a directory.
     *
     * @throws IOException if {@code dir} is no recording
     */
    public static Recording open(Path dir) throws IOException {
        return new Recording(dir, Manifest.read(dir));
    }

    public Path dir() {
        return dir;
    }

    public Manifest manifest() {
        return manifest;
    }

    /** The requests, in the order of the workload. */
    public List<RequestRow> requests() throws IOException {
        return RequestInput.read(dir.resolve(Tables.REQUESTS), manifest);
    }

    /** Whether its source did not tell this. */
    public boolean lacks(Absent what) {
        return manifest.origin() instanceof Origin.Import imported && imported.absent().contains(what);
    }

    /**
     * {@link #trace(int)} with the recording's own pass size. Where the source knew passes rather than requests, the passes
     * as they were.
     *
     * @throws IOException as {@link #trace(int)}
     */
    public LoadTrace trace() throws IOException {
        return manifest.mode() == Mode.PER_TOKEN && lacks(Absent.REQUESTS)
                ? trace(PassCounter.countRequests(this))
                : trace(manifest.passTokens());
    }

    /**
     * Loads over time. A per-token recording is cut into passes of {@code passTokens} consecutive tokens, as the
     * workload orders them (the last may be shorter), all {@code PREFILL}; of the others the steps come as recorded.
     *
     * @throws IllegalArgumentException if {@code passTokens} is below 1
     * @throws IOException              if the files are damaged, or the trace does not fit into memory
     */
    public LoadTrace trace(int passTokens) throws IOException {
        if (passTokens < 1) {
            throw new IllegalArgumentException("a pass of " + passTokens + " tokens: expected at least 1");
        }
        List<LoadTrace.Step> steps = manifest.mode() == Mode.PER_TOKEN
                ? PassCounter.count(this, passTokens)
                : recordedSteps();
        return trace(steps);
    }

    private List<LoadTrace.Step> recordedSteps() throws IOException {
        if (recordedSteps == null) {
            recordedSteps = StepInput.read(dir.resolve(Tables.STEPS), manifest);
        }
        return recordedSteps;
    }

    private LoadTrace trace(List<LoadTrace.Step> steps) {
        return new LoadTrace(manifest.layerIds().stream().mapToInt(id -> id).toArray(), manifest.numExperts(), steps);
    }

    /**
     * Tokens routed to each expert by the tag of their request, {@code [layers][experts]}, in the order in which tags
     * appear; requests without a tag are under {@code ""}. Empty unless the recording is per-token.
     *
     * @throws IOException if the files are damaged, or so many counts do not fit into memory
     */
    public SequencedMap<String, long[][]> loadsByTag() throws IOException {
        return manifest.mode() == Mode.PER_TOKEN ? TagCounter.count(this) : new LinkedHashMap<>();
    }

    /**
     * Whether its tokens carry gate weights.
     *
     * @throws IOException if the file is damaged
     */
    public boolean hasWeights() throws IOException {
        return manifest.mode() == Mode.PER_TOKEN && TokenInput.hasWeights(dir.resolve(Tables.TOKENS), manifest);
    }

    /**
     * Feeds all tokens to {@code consumer}, in the order of the workload; nothing unless the recording is per-token.
     * Every value was checked: experts are below {@code num_experts}, requests and positions not negative.
     *
     * @throws IOException if the file is damaged, or from the consumer
     */
    public void forEachTokenBatch(TokenConsumer consumer) throws IOException {
        if (manifest.mode() == Mode.PER_TOKEN) {
            TokenInput.read(dir.resolve(Tables.TOKENS), manifest, consumer);
        }
    }

    /**
     * The routing of every token, to be replayed in other batches. A request's tokens come in the order in which they were
     * recorded; as many of the first as it has prompt tokens are its prompt. Takes two bytes of memory for each token,
     * layer and choice, and at most half of the memory there is.
     *
     * @throws IllegalArgumentException if the recording is not per-token
     * @throws IOException              if the files are damaged, or the tokens do not fit into memory
     */
    public TokenTrace tokenTrace() throws IOException {
        if (manifest.mode() != Mode.PER_TOKEN) {
            throw new IllegalArgumentException(dir + ": is a " + manifest.mode().label()
                    + " recording and does not have the experts of every token: record with --mode per-token");
        }
        return TokenCollector.collect(this);
    }

    /**
     * The recording's identity, {@code sha256:...}: that of the routing recorded, whatever it was recorded with and
     * however it lies on the disk.
     *
     * @throws IOException if the files are damaged
     */
    public String digest() throws IOException {
        return RecordingDigest.of(this);
    }
}
