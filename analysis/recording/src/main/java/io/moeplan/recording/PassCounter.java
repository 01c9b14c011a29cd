package io.moeplan.recording;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Replays the tokens of a per-token recording as prefill passes of a given size. */
final class PassCounter {
    private final int passTokens;
    private final int layers;
    private final int topK;
    private final int experts;
    private final HeapBudget budget;
    private final List<LoadTrace.Step> steps = new ArrayList<>();
    private int[] counts = new int[0];
    private int tokens;

    private PassCounter(Recording recording, int passTokens) {
        Manifest manifest = recording.manifest();
        this.passTokens = passTokens;
        this.layers = manifest.layers();
        this.topK = manifest.topK();
        this.experts = manifest.numExperts();
        this.budget = new HeapBudget(recording.dir(), "ask for larger passes than " + passTokens + " tokens");
    }

    static List<LoadTrace.Step> count(Recording recording, int passTokens) throws IOException {
        PassCounter counter = new PassCounter(recording, passTokens);
        recording.forEachTokenBatch(counter::add);
        counter.endPass();
        return counter.steps;
    }

    private void add(TokenRows rows) throws IOException {
        int done = 0;
        while (done < rows.rows()) {
            if (tokens == 0) {
                budget.take((long) Integer.BYTES * layers * experts);
                counts = new int[layers * experts];
            }
            int taken = Math.min(passTokens - tokens, rows.rows() - done);
            count(rows.experts(), done, taken);
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

    private void endPass() {
        if (tokens > 0) {
            steps.add(new LoadTrace.Step(steps.size(), Phase.PREFILL, tokens, counts));
            tokens = 0;
        }
    }
}
