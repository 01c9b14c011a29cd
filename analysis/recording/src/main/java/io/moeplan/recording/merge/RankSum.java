package io.moeplan.recording.merge;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import io.moeplan.recording.Recording;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The steps of several ranks, those of one number added. A rank that was idle in a step has none of that number. */
final class RankSum {
    private RankSum() {}

    /** @throws IOException if a sum is more than 32 bits hold, or a recording is damaged */
    static Collection<LoadTrace.Step> of(List<Recording> recordings) throws IOException {
        Map<Long, LoadTrace.Step> sums = new TreeMap<>();
        for (Recording recording : recordings) {
            for (LoadTrace.Step step : recording.trace().steps()) {
                LoadTrace.Step before = sums.get(step.id());
                sums.put(step.id(), before == null ? step : add(recording, before, step));
            }
        }
        return sums.values();
    }

    private static LoadTrace.Step add(Recording recording, LoadTrace.Step one, LoadTrace.Step other)
            throws IOException {
        int[] counts = new int[one.counts().length];
        try {
            for (int i = 0; i < counts.length; i++) {
                counts[i] = Math.addExact(one.counts()[i], other.counts()[i]);
            }
            Phase phase = one.phase() == other.phase() ? one.phase() : Phase.MIXED;
            return new LoadTrace.Step(one.id(), phase, Math.addExact(one.tokens(), other.tokens()), counts);
        } catch (ArithmeticException e) {
            throw new IOException(recording.dir() + ": step " + one.id() + " of all ranks together counts more than "
                    + Integer.MAX_VALUE, e);
        }
    }
}
