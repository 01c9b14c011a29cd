package io.moeplan.engine.record;

import io.moeplan.engine.backend.Routing;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The chosen experts of a wave, off the heap, in rows as they are handed over: what the last layer leaves to do is little.
 */
final class TokenWave implements AutoCloseable {
    private static final int BATCH_ROWS = 4096;

    private final List<Request> wave;
    private final List<RecordingSink.RequestRow> requestRows;
    private final int tokens;
    private final int topK;
    /** Choices of a row. */
    private final int width;
    private final boolean weighted;
    private final Arena arena;
    /** {@code [tokens][layers][topK]}; allocated when the first layer is in, which is when a GPU has work for a while. */
    private MemorySegment experts;
    /** The same layout, null if weights are not recorded. */
    private MemorySegment weights;

    @SuppressWarnings("MustBeClosedChecker") // close() closes the arena
    TokenWave(int layers, int topK, boolean weighted, List<Request> wave, List<RecordingSink.RequestRow> requestRows) {
        this.wave = wave;
        this.requestRows = requestRows;
        this.tokens = wave.stream().mapToInt(r -> r.promptIds().length + r.responseIds().length).sum();
        this.topK = topK;
        this.width = layers * topK;
        this.weighted = weighted;
        this.arena = Arena.ofShared();
    }

    private void allocate() {
        long choices = (long) tokens * width;
        experts = arena.allocate(choices * Short.BYTES, 64);
        weights = weighted ? arena.allocate(choices * Float.BYTES, 64) : null;
    }

    void put(int moeLayer, Routing routing) {
        if (experts == null) {
            allocate();
        }
        char[] chosen = routing.experts();
        long at = (long) moeLayer * topK;
        for (int from = 0; from < chosen.length; from += topK, at += width) {
            for (int k = 0; k < topK; k++) {
                experts.set(ValueLayout.JAVA_CHAR, (at + k) * Character.BYTES, chosen[from + k]);
            }
        }
        if (weights != null) {
            putWeights(moeLayer, routing.weights());
        }
    }

    private void putWeights(int moeLayer, float[] values) {
        long at = (long) moeLayer * topK;
        for (int from = 0; from < values.length; from += topK, at += width) {
            for (int k = 0; k < topK; k++) {
                weights.set(ValueLayout.JAVA_FLOAT, (at + k) * Float.BYTES, values[from + k]);
            }
        }
    }

    /**
     * Hands all of it to a sink and flushes that.
     *
     * @throws IOException if the sink fails
     */
    void writeTo(RecordingSink sink) throws IOException {
        sink.requests(requestRows);
        Cursor cursor = new Cursor();
        RecordingSink.TokenRows rows = null;
        for (int from = 0; from < tokens; from += BATCH_ROWS) {
            int count = Math.min(BATCH_ROWS, tokens - from);
            if (rows == null || rows.rows() != count) {
                rows = new RecordingSink.TokenRows(new int[count], new int[count], new int[count], new byte[count],
                        new short[count * width], weights == null ? null : new float[count * width]);
            }
            fill(rows, from, cursor);
            sink.tokens(rows);
        }
        sink.flush();
    }

    private void fill(RecordingSink.TokenRows rows, int from, Cursor cursor) {
        for (int row = 0; row < rows.rows();) {
            row += cursor.fill(rows, row);
        }
        long at = (long) from * width;
        int choices = rows.rows() * width;
        MemorySegment.copy(experts, ValueLayout.JAVA_SHORT, at * Short.BYTES, rows.experts(), 0, choices);
        if (weights != null) {
            MemorySegment.copy(weights, ValueLayout.JAVA_FLOAT, at * Float.BYTES, rows.weights(), 0, choices);
        }
    }

    /** Walks over the prompts and responses of the wave, as many tokens at a time as it can. */
    private final class Cursor {
        /** 0, 1, 2, ... */
        private final int[] positions = IntStream.range(0, wave.stream()
                .mapToInt(r -> r.promptIds().length + r.responseIds().length).max().orElse(0)).toArray();
        private int request;
        private boolean response;
        /** In the prompt, or in the response. */
        private int at;

        private int[] ids() {
            return response ? wave.get(request).responseIds() : wave.get(request).promptIds();
        }

        /** Fills rows from {@code row} on with tokens of one prompt or response; returns how many. */
        int fill(RecordingSink.TokenRows rows, int row) {
            while (at == ids().length) {
                request += response ? 1 : 0;
                response = !response;
                at = 0;
            }
            int count = Math.min(rows.rows() - row, ids().length - at);
            int position = at + (response ? wave.get(request).promptIds().length : 0);
            Arrays.fill(rows.request(), row, row + count, requestRows.get(request).index());
            Arrays.fill(rows.phase(), row, row + count, response ? RecordingSink.RESPONSE : RecordingSink.PROMPT);
            System.arraycopy(positions, position, rows.position(), row, count);
            System.arraycopy(ids(), at, rows.tokenId(), row, count);
            at += count;
            return count;
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
