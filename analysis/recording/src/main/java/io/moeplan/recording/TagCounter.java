package io.moeplan.recording;

import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/** Sums the loads of a per-token recording by the tag of each token's request. */
final class TagCounter {
    private static final String UNTAGGED = "";

    private final Manifest manifest;
    private final HeapBudget budget;
    private final Recording recording;
    private final Map<Integer, String> tags = new HashMap<>();
    private final SequencedMap<String, long[][]> loads = new LinkedHashMap<>();
    private int lastRequest = -1;
    private long[][] lastLoads = new long[0][];

    private TagCounter(Recording recording) throws IOException {
        this.recording = recording;
        this.manifest = recording.manifest();
        this.budget = new HeapBudget(recording.dir(), "record with fewer tags");
        for (RequestRow request : recording.requests()) {
            tags.put(request.request(), request.tag() == null ? UNTAGGED : request.tag());
        }
    }

    static SequencedMap<String, long[][]> count(Recording recording) throws IOException {
        TagCounter counter = new TagCounter(recording);
        recording.forEachTokenBatch(counter::add);
        return counter.loads;
    }

    private void add(TokenRows rows) throws IOException {
        int next = 0;
        for (int row = 0; row < rows.rows(); row++) {
            long[][] sums = loadsOf(rows.request()[row]);
            for (long[] layer : sums) {
                for (int k = 0; k < manifest.topK(); k++) {
                    layer[rows.expert(next++)]++;
                }
            }
        }
    }

    private long[][] loadsOf(int request) throws IOException {
        // A request's tokens follow each other.
        if (request != lastRequest) {
            String tag = tags.get(request);
            if (tag == null) {
                throw new IOException(recording.dir().resolve(Tables.TOKENS) + ": has tokens of request " + request
                        + ", which " + Tables.REQUESTS + " does not list");
            }
            if (!loads.containsKey(tag)) {
                budget.take((long) Long.BYTES * manifest.layers() * manifest.numExperts());
                loads.put(tag, new long[manifest.layers()][manifest.numExperts()]);
            }
            lastLoads = loads.get(tag);
            lastRequest = request;
        }
        return lastLoads;
    }
}
