package io.moeplan.recording;

import io.moeplan.eplb.TokenTrace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** Takes the routing of all tokens into memory, request by request. */
final class TokenCollector {
    /** A request so far. Its array has room to grow only while its tokens come in. */
    private static final class Open {
        private short[] experts = new short[0];
        private int used;
        private int prompt;
        private int response;

        void trim() {
            experts = experts.length == used ? experts : Arrays.copyOf(experts, used);
        }
    }

    private final HeapBudget budget;
    private final int routed;
    private final SequencedMap<Integer, Open> requests = new LinkedHashMap<>();
    private int number = -1;
    private Open current = new Open();

    private TokenCollector(Recording recording) {
        this.routed = recording.manifest().layers() * recording.manifest().topK();
        this.budget = new HeapBudget(recording.dir(), "give moeplan more memory (-Xmx), or record with --limit");
    }

    static TokenTrace collect(Recording recording) throws IOException {
        TokenCollector collector = new TokenCollector(recording);
        recording.forEachTokenBatch(collector::add);
        Manifest manifest = recording.manifest();
        return new TokenTrace(manifest.layerIds().stream().mapToInt(id -> id).toArray(), manifest.numExperts(),
                manifest.topK(), collector.finish());
    }

    private void add(TokenRows rows) throws IOException {
        budget.take((long) Short.BYTES * rows.rows() * routed);
        for (int row = 0; row < rows.rows(); row++) {
            if (rows.request()[row] != number) {
                current.trim();
                number = rows.request()[row];
                current = requests.computeIfAbsent(number, absent -> new Open());
            }
            append(rows, row);
        }
    }

    private void append(TokenRows rows, int row) throws IOException {
        long needed = (long) current.used + routed;
        if (needed > Integer.MAX_VALUE - 8) {
            throw new IOException("request " + number + " is too long: it has more than " + current.used / routed
                    + " tokens of " + routed + " choices each");
        }
        if (needed > current.experts.length) {
            long room = Math.min(Integer.MAX_VALUE - 8, needed + needed / 2);
            current.experts = Arrays.copyOf(current.experts, (int) room);
        }
        System.arraycopy(rows.experts(), row * routed, current.experts, current.used, routed);
        current.used = (int) needed;
        if (rows.phase()[row] == TokenRows.PROMPT) {
            current.prompt++;
        } else {
            current.response++;
        }
    }

    private List<TokenTrace.Request> finish() {
        current.trim();
        List<TokenTrace.Request> list = new ArrayList<>();
        for (Open request : requests.values()) {
            list.add(new TokenTrace.Request(request.prompt, request.response, request.experts));
        }
        return list;
    }
}
