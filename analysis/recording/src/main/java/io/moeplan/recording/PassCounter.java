package io.moeplan.recording;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Counts the tokens of a per-token recording, as prefill passes of a given size or as the passes they ran in. */
final class PassCounter {
    private final boolean byRequest;
    private final int passTokens;
    private final int layers;
    private final int topK;
    private final int experts;
    private final HeapBudget budget;
    private final List<LoadTrace.Step> steps = new ArrayList<>();
    private int[] counts = new int[0];
    private int tokens;
    private int responses;
    private int request = -1;

    private PassCounter(Recording recording, int passTokens, boolean byRequest) {
        this.byRequest = byRequest;
        Manifest manifest = recording.manifest();
        this.passTokens = passTokens;
        this.layers = manifest.layers();
        this.topK = manifest.topK();
        this.experts = manifest.numExperts();
        this.budget = new HeapBudget(recording.dir(), "ask for larger passes than " + passTokens + " tokens");
    }

    static List<LoadTrace.Step> count(Recording recording, int passTokens) throws IOException {
        PassCounter counter = new PassCounter(recording, passTokens, false);
        recording.forEachTokenBatch(counter::add);
        counter.endPass();
        return counter.steps;
    }

    /** Counts each request as a pass. */
    static List<LoadTrace.Step> countRequests(Recording recording) throws IOException {
        PassCounter counter = new PassCounter(recording, Integer.MAX_VALUE, true);
        recording.forEachTokenBatch(counter::add);
        counter.endPass();
        return counter.steps;
    }

    private void add(TokenRows rows) throws IOException {
        int done = 0;
        while (done < rows.rows()) {
            if (byRequest && rows.request()[done] != request) {
                endPass();
                request = rows.request()[done];
            }
            if (tokens == 0) {
                budget.take((long) Integer.BYTES * layers * experts);
                counts = new int[layers * experts];
            }
            int taken = Math.min(passTokens - tokens, length(rows, done));
            count(rows.experts(), done, taken);
            for (int row = done; row < done + taken; row++) {
                responses += rows.phase()[row];
            }
            tokens += taken;
            done += taken;
            if (tokens == passTokens) {
                endPass();
            }
        }
    }

    private void count(short[] ids, int from, int taken) {
        int next = from * layers * topK;
        for (int row = 0; row < taken; row++) {
            for (int base = 0; base < counts.length; base += experts) {
                for (int k = 0; k < topK; k++) {
                    counts[base + Short.toUnsignedInt(ids[next++])]++;
                }
            }
        }
    }

    /** Rows from {@code from} on that may go into one pass. */
    private int length(TokenRows rows, int from) {
        if (!byRequest) {
            return rows.rows() - from;
        }
        int to = from;
        while (to < rows.rows() && rows.request()[to] == request) {
            to++;
        }
        return to - from;
    }

    private void endPass() {
        if (tokens > 0) {
            steps.add(new LoadTrace.Step(steps.size(), phase(), tokens, counts));
            tokens = 0;
            responses = 0;
        }
    }

    /** Cut from requests, all passes are as if they were prefilled; as they were, some were decoded. */
    private Phase phase() {
        if (!byRequest || responses == 0) {
            return Phase.PREFILL;
        }
        return responses == tokens ? Phase.DECODE : Phase.MIXED;
    }
}
