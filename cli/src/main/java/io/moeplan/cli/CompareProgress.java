package io.moeplan.cli;

import io.moeplan.eplb.compare.Candidate;
import io.moeplan.eplb.compare.Comparison;
import io.moeplan.eplb.compare.ComparisonRow;
import io.moeplan.eplb.compare.ComparisonRow.Impossible;
import io.moeplan.eplb.compare.ComparisonRow.Judged;
import java.util.Locale;

/** A line on the terminal for every plan compared, and one that says what is planned now. */
final class CompareProgress implements Comparison.Listener, AutoCloseable {
    private final ProgressLine line;
    private final int total;
    private final long started = System.nanoTime();
    private int done;

    private CompareProgress(ProgressLine line, int total) {
        this.line = line;
        this.total = total;
    }

    /** @param total rows to come; what is planned after them is for targets */
    static CompareProgress of(ProgressLine line, int total) {
        return new CompareProgress(line, total);
    }

    @Override
    public void started(Candidate candidate) {
        if (done >= total) {
            line.update("looking for the target: " + candidate);
            return;
        }
        double secondsLeft = done == 0
                ? Double.POSITIVE_INFINITY
                : (System.nanoTime() - started) / 1e9 / done * (total - done);
        line.update(
                ProgressLine.bar((double) done / total) + " plan " + (done + 1) + "/" + total + ": " + candidate + ", "
                        + ProgressLine.time(secondsLeft) + " left");
    }

    @Override
    public void finished(ComparisonRow row) {
        done++;
        line.print(summary(row));
    }

    /** For example {@code search, 8 GPUs, 8 redundant: max/mean 1.141, gain 42.6 %, apply}. */
    static String summary(ComparisonRow row) {
        return row.candidate() + ": " + switch (row) {
            case Impossible impossible -> impossible.reason();
            case Judged judged -> String.format(Locale.ROOT, "max/mean %.3f, gain %.1f %%, %s", judged.maxOverMean(),
                    100 * judged.verdict().gain(), judged.verdict().word().name().toLowerCase(Locale.ROOT));
        };
    }

    @Override
    public void close() {
        line.close();
    }
}
