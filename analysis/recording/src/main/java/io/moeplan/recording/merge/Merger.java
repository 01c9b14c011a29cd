package io.moeplan.recording.merge;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.recording.Absent;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Mode;
import io.moeplan.recording.NewFolder;
import io.moeplan.recording.Recording;
import io.moeplan.recording.RecordingWriter;
import io.moeplan.recording.RequestRow;
import io.moeplan.recording.TokenRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Merges recordings of one model: shards, days, or the ranks of one server. */
public final class Merger {
    /** What the recordings are to each other. */
    public enum By {
        /** Parts of one workload, or days of one server: the second follows the first. */
        TIME,
        /** Ranks of one server: steps of one number ran at the same time, and their counts are added. */
        RANK
    }

    private Merger() {}

    /**
     * Writes the merged recording. Requests are numbered anew, and so are steps that follow each other.
     *
     * @param sources at least two
     * @param out     a folder that does not exist; it comes into being whole, or not at all
     * @return the manifest of what was written
     * @throws IOException              if a recording is damaged or not complete, or they differ: the message says how
     * @throws IllegalArgumentException if tokens are to be merged by rank
     */
    public static Manifest run(List<Path> sources, By by, String toolVersion, Path out) throws IOException {
        List<Recording> recordings = new ArrayList<>();
        for (Path source : sources) {
            Recording opened = Recording.open(source);
            if (!opened.manifest().complete()) {
                throw new IOException(source + ": the recording is not complete: finish it first (record --resume)");
            }
            recordings.add(opened);
        }
        Manifest merged = MergedManifest.of(recordings, by, toolVersion);
        if (merged.mode() == Mode.PER_TOKEN && by == By.RANK) {
            boolean passes = recordings.stream().allMatch(each -> each.lacks(Absent.REQUESTS));
            throw new IllegalArgumentException(recordings.getFirst().dir() + ": has the experts of every token, which"
                    + (passes
                            ? " are not merged by rank: import the ranks of a dump together, or each with --mode per-pass"
                            : " belong to requests and not to ranks: merge by time"));
        }
        return NewFolder.fill(out, folder -> merged.mode() == Mode.PER_TOKEN
                ? tokens(recordings, merged, folder)
                : steps(recordings, by, merged, folder));
    }

    private static Manifest steps(List<Recording> recordings, By by, Manifest merged, Path folder)
            throws IOException {
        try (RecordingWriter writer = RecordingWriter.create(folder, merged, RecordingWriter.Options.PLAIN)) {
            if (by == By.RANK) {
                for (LoadTrace.Step step : RankSum.of(recordings)) {
                    writer.appendStep(step);
                }
                return writer.finish(merged);
            }
            long next = 0;
            for (Recording recording : recordings) {
                List<LoadTrace.Step> steps = recording.trace().steps();
                long moved = steps.isEmpty() ? 0 : Math.subtractExact(next, next == 0 ? 0 : steps.getFirst().id());
                for (LoadTrace.Step step : steps) {
                    long id = Math.addExact(step.id(), moved);
                    writer.appendStep(new LoadTrace.Step(id, step.phase(), step.tokens(), step.counts()));
                    next = id + 1;
                }
            }
            return writer.finish(merged);
        }
    }

    private static Manifest tokens(List<Recording> recordings, Manifest merged, Path folder) throws IOException {
        boolean weights = true;
        for (Recording recording : recordings) {
            weights &= recording.hasWeights();
        }
        boolean kept = weights;
        try (RecordingWriter writer = RecordingWriter.create(folder, merged,
                new RecordingWriter.Options(false, kept))) {
            long next = 0;
            for (Recording recording : recordings) {
                List<RequestRow> requests = recording.requests();
                long last = requests.stream().mapToLong(RequestRow::request).max().orElse(-1);
                if (next + last > Integer.MAX_VALUE) {
                    throw new IOException(recording.dir() + ": more than " + Integer.MAX_VALUE
                            + " requests are too many for one recording");
                }
                int moved = (int) next;
                writer.appendRequests(requests.stream().map(row -> new RequestRow(row.request() + moved, row.id(),
                        row.tag(), row.promptTokens(), row.responseTokens())).toList());
                recording.forEachTokenBatch(rows -> writer.appendTokens(moved(rows, moved, kept)));
                next += last + 1;
            }
            return writer.finish(merged);
        }
    }

    private static TokenRows moved(TokenRows rows, int moved, boolean weights) {
        int[] requests = rows.request().clone();
        for (int i = 0; i < rows.rows(); i++) {
            requests[i] += moved;
        }
        return new TokenRows(rows.rows(), requests, rows.position(), rows.tokenId(), rows.phase(), rows.experts(),
                weights ? rows.weights() : null);
    }
}
