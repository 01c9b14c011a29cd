package io.moeplan.cli;

import io.moeplan.engine.record.RecordedSoFar;
import io.moeplan.engine.record.RecordingOptions;
import io.moeplan.engine.workload.Request;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Origin;
import io.moeplan.recording.Recording;
import io.moeplan.recording.RecordingWriter;
import io.moeplan.recording.RequestRow;
import io.moeplan.recording.TokenRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Continues a recording that ended early. Its finished requests (or steps) are copied into a new recording in its place; the
 * old one lies beside it, as {@code NAME.resuming}, until that is done, so that nothing is lost if this ends early too.
 *
 * <p>Why from the last wave and not from the last layer: a wave's end is on the disk anyway, while a layer's would need the
 * residual stream beside it. For DeepSeek-V3 that is 28 KB a token, 0.6 GB for a wave of 20,000 tokens, written and synced
 * 61 times: 35 GB at 1 GB/s are half a minute a wave, to save half a wave's work on average, and only if it is killed. How
 * much that is can be chosen: a pass over its 671 GB takes 11 minutes at that rate, so waves that take an hour cost 18 % in
 * reading that overlaps with the arithmetic, and lose half an hour.
 */
final class Resumption {
    private final Path folder;
    private final Path aside;
    private final Recording old;
    private final List<Request> requests;
    private final RecordedSoFar before;

    private Resumption(Path folder, Path aside, Recording old, List<Request> requests, RecordedSoFar before) {
        this.folder = folder;
        this.aside = aside;
        this.old = old;
        this.requests = requests;
        this.before = before;
    }

    /** Whether there is a recording to continue. */
    static boolean possible(Path folder) {
        return Files.exists(folder) || Files.exists(aside(folder));
    }

    private static Path aside(Path folder) {
        return folder.resolveSibling(folder.toAbsolutePath().getFileName() + ".resuming");
    }

    /**
     * Looks at the recording; changes nothing.
     *
     * @param manifest what a new recording of this run would say
     * @throws IOException if it is complete, damaged, or of another model, workload or kind
     */
    static Resumption of(Path folder, Manifest manifest, RecordingOptions options, List<Request> requests)
            throws IOException {
        Path aside = aside(folder);
        Recording old = Recording.open(Files.exists(aside) ? aside : folder);
        if (old.manifest().complete()) {
            throw new IOException(old.dir() + ": is complete, there is nothing to resume");
        }
        requireSame(old, manifest);
        return new Resumption(folder, aside, old, requests, finished(old, options, requests));
    }

    /**
     * Whether the folder holds the whole recording of this run already.
     *
     * @param manifest what a new recording of this run would say
     * @throws IOException if it holds the whole recording of another run, or one that is damaged
     */
    static boolean complete(Path folder, Manifest manifest, RecordingOptions options, List<Request> requests)
            throws IOException {
        if (Files.notExists(folder)) {
            return false;
        }
        Recording old = Recording.open(folder);
        if (!old.manifest().complete()) {
            return false;
        }
        requireSame(old, manifest);
        require(old, "the number of requests", finished(old, options, requests).requests(), requests.size());
        return true;
    }

    private static RecordedSoFar finished(Recording old, RecordingOptions options, List<Request> requests)
            throws IOException {
        return old.manifest().mode() == Mode.PER_TOKEN
                ? finishedRequests(old, options, requests)
                : finishedSteps(old, options, requests);
    }

    private static void requireSame(Recording old, Manifest now) throws IOException {
        Manifest was = old.manifest();
        require(old, "the model", was.model().name(), now.model().name());
        require(old, "the model's config.json", was.model().configDigest(), now.model().configDigest());
        require(old, "the checkpoint", was.model().weightsDigest(), now.model().weightsDigest());
        require(old, "the workload", was.workloadDigest(), now.workloadDigest());
        require(old, "--mode", was.mode().label(), now.mode().label());
        require(old, "--pass-tokens", was.passTokens(), now.passTokens());
        require(old, "the version of moeplan", was.toolVersion(), now.toolVersion());
        require(old, "what runs the model", runner(was.origin()), runner(now.origin()));
    }

    /** Results do not depend on the number of threads, which devices name in brackets. */
    private static String runner(Origin origin) {
        return switch (origin) {
            case Origin.Engine engine -> engine.engine() + " on " + engine.device().replaceAll(" \\(.*", "") + " in "
                    + engine.precision();
            case Origin.Import dump -> dump.importer();
        };
    }

    private static void require(Recording old, String what, Object was, Object now) throws IOException {
        if (!Objects.equals(was, now)) {
            throw new IOException(
                    old.dir() + ": cannot be resumed, " + what + " is another: it was " + was + ", now it is "
                            + now);
        }
    }

    private static RecordedSoFar finishedRequests(Recording old, RecordingOptions options, List<Request> requests)
            throws IOException {
        long[] tokens = new long[1];
        Request[] next = new Request[1];
        int[] finished = new int[1];
        old.forEachTokenBatch(batch -> {
            require(old, "--weights", batch.weights() != null, options.weights());
            for (int row = 0; row < batch.rows(); row++) {
                next[0] = next[0] == null ? request(old, requests, finished[0]) : next[0];
                int position = (int) tokens[0];
                if (batch.request()[row] != finished[0] || batch.position()[row] != position
                        || batch.tokenId()[row] != id(next[0], position)) {
                    throw new IOException(old.dir() + ": cannot be resumed, token " + position + " of request "
                            + next[0].id() + " is not the workload's: the tokenizer or --limit may be another");
                }
                tokens[0]++;
                if (tokens[0] == length(next[0])) {
                    finished[0]++;
                    tokens[0] = 0;
                    next[0] = null;
                }
            }
        });
        requireRows(old, requests, finished[0]);
        return new RecordedSoFar(finished[0], 0, 0);
    }

    private static RecordedSoFar finishedSteps(Recording old, RecordingOptions options, List<Request> requests)
            throws IOException {
        long stepTokens = (long) options.passTokens() * (old.manifest().mode() == Mode.STAT ? options.statPasses() : 1);
        long counted = 0;
        List<LoadTrace.Step> steps = old.trace().steps();
        long all = requests.stream().mapToLong(Resumption::length).sum();
        for (LoadTrace.Step step : steps) {
            counted += step.tokens();
            if (step.tokens() != stepTokens && counted != all) {
                throw new IOException(old.dir() + ": cannot be resumed, its step " + step.id() + " has " + step.tokens()
                        + " tokens, with these options it would have " + stepTokens);
            }
        }
        int finished = 0;
        long tokens = counted;
        while (finished < requests.size() && tokens >= length(requests.get(finished))) {
            tokens -= length(requests.get(finished));
            finished++;
        }
        if (finished == requests.size() && tokens > 0) {
            throw new IOException(old.dir() + ": cannot be resumed, it holds more than these " + finished
                    + " requests; is --limit another?");
        }
        requireRows(old, requests, finished);
        return new RecordedSoFar(finished, steps.size(), (int) tokens);
    }

    private static void requireRows(Recording old, List<Request> requests, int finished) throws IOException {
        List<RequestRow> rows = old.requests();
        for (int i = 0; i < finished; i++) {
            Request request = requests.get(i);
            RequestRow expected = new RequestRow(i, request.id(), request.tag(), request.promptIds().length,
                    request.responseIds().length);
            if (i >= rows.size() || !rows.get(i).equals(expected)) {
                throw new IOException(old.dir() + ": cannot be resumed, request " + i + " is not the workload's "
                        + request.id() + ": the tokenizer or --limit may be another");
            }
        }
    }

    private static Request request(Recording old, List<Request> requests, int index) throws IOException {
        if (index >= requests.size()) {
            throw new IOException(old.dir() + ": cannot be resumed, it holds more than these " + requests.size()
                    + " requests; is --limit another?");
        }
        return requests.get(index);
    }

    private static int length(Request request) {
        return request.promptIds().length + request.responseIds().length;
    }

    private static int id(Request request, int position) {
        int prompt = request.promptIds().length;
        return position < prompt ? request.promptIds()[position] : request.responseIds()[position - prompt];
    }

    RecordedSoFar before() {
        return before;
    }

    /** The requests that are to be run. */
    List<Request> rest() {
        return requests.subList(before.requests(), requests.size());
    }

    /** Puts the old recording aside, so that a new one can be made in its place. */
    void moveAside() throws IOException {
        if (old.dir().equals(aside)) {
            delete(folder);
        } else {
            Files.move(folder, aside, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Copies what is finished, then deletes the old recording. */
    void copy(RecordingWriter writer) throws IOException {
        Recording source = Recording.open(aside);
        writer.appendRequests(source.requests().subList(0, before.requests()));
        source.forEachTokenBatch(batch -> {
            int rows = 0;
            while (rows < batch.rows() && batch.request()[rows] < before.requests()) {
                rows++;
            }
            writer.appendTokens(new TokenRows(rows, batch.request(), batch.position(), batch.tokenId(), batch.phase(),
                    batch.experts(), batch.weights()));
        });
        if (source.manifest().mode() != Mode.PER_TOKEN) {
            for (LoadTrace.Step step : source.trace().steps()) {
                writer.appendStep(step);
            }
        }
        writer.flush();
        delete(aside);
    }

    private static void delete(Path recording) throws IOException {
        if (Files.notExists(recording)) {
            return;
        }
        try (Stream<Path> files = Files.list(recording)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(recording);
    }
}
