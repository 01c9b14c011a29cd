package io.moeplan.engine.record;

import io.moeplan.engine.backend.Routing;
import io.moeplan.engine.model.ModelInfo;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Keeps the chosen experts of a wave off the heap, layer by layer, and turns them into rows at its end. */
final class TokenRecorder implements WaveRecorder {
    private static final int BATCH_ROWS = 4096;

    private final int layers;
    private final int topK;
    private final List<Request> wave;
    private final List<RecordingSink.RequestRow> requestRows;
    private final RequestNumbers numbers;
    private final RecordingSink sink;
    private final int tokens;
    private final Arena arena;
    /** {@code [layers][tokens][topK]}. */
    private final MemorySegment experts;
    /** The same layout, null if weights are not recorded. */
    private final MemorySegment weights;

    @SuppressWarnings("MustBeClosedChecker") // close() closes the arena
    TokenRecorder(ModelInfo model, RecordingOptions options, List<Request> wave,
            List<RecordingSink.RequestRow> requestRows, RequestNumbers numbers, RecordingSink sink) {
        this.layers = model.moeLayers().length;
        this.topK = model.topK();
        this.wave = wave;
        this.requestRows = requestRows;
        this.numbers = numbers;
        this.sink = sink;
        this.tokens = wave.stream().mapToInt(r -> r.promptIds().length + r.responseIds().length).sum();
        this.arena = Arena.ofShared();
        long choices = (long) layers * tokens * topK;
        this.experts = arena.allocate(choices * Short.BYTES, 64);
        this.weights = options.weights() ? arena.allocate(choices * Float.BYTES, 64) : null;
    }

    @Override
    public void layer(int moeLayer, Routing routing) {
        int choices = tokens * topK;
        long at = (long) moeLayer * choices;
        MemorySegment.copy(routing.experts(), 0, experts, ValueLayout.JAVA_CHAR, at * Short.BYTES, choices);
        if (weights != null) {
            MemorySegment.copy(routing.weights(), 0, weights, ValueLayout.JAVA_FLOAT, at * Float.BYTES, choices);
        }
    }

    @Override
    public void finish() throws IOException {
        sink.requests(requestRows);
        numbers.used(requestRows.size());
        Cursor cursor = new Cursor();
        for (int from = 0; from < tokens; from += BATCH_ROWS) {
            sink.tokens(rows(from, Math.min(BATCH_ROWS, tokens - from), cursor));
        }
        sink.flush();
    }

    private RecordingSink.TokenRows rows(int from, int count, Cursor cursor) {
        int[] request = new int[count];
        int[] position = new int[count];
        int[] tokenId = new int[count];
        byte[] phase = new byte[count];
        for (int row = 0; row < count; row++) {
            cursor.advance();
            request[row] = requestRows.get(cursor.request).index();
            position[row] = cursor.position;
            tokenId[row] = cursor.tokenId();
            phase[row] = cursor.phase();
        }
        int width = layers * topK;
        short[] rowExperts = new short[count * width];
        float[] rowWeights = weights == null ? null : new float[count * width];
        for (int layer = 0; layer < layers; layer++) {
            for (int row = 0; row < count; row++) {
                long at = ((long) layer * tokens + from + row) * topK;
                int to = row * width + layer * topK;
                MemorySegment.copy(experts, ValueLayout.JAVA_SHORT, at * Short.BYTES, rowExperts, to, topK);
                if (rowWeights != null) {
                    MemorySegment.copy(weights, ValueLayout.JAVA_FLOAT, at * Float.BYTES, rowWeights, to, topK);
                }
            }
        }
        return new RecordingSink.TokenRows(request, position, tokenId, phase, rowExperts, rowWeights);
    }

    /** Walks over the tokens of the wave. */
    private final class Cursor {
        private int request;
        private int position = -1;

        void advance() {
            position++;
            while (position >= wave.get(request).promptIds().length + wave.get(request).responseIds().length) {
                request++;
                position = 0;
            }
        }

        byte phase() {
            return position < wave.get(request).promptIds().length ? RecordingSink.PROMPT : RecordingSink.RESPONSE;
        }

        int tokenId() {
            Request r = wave.get(request);
            return position < r.promptIds().length
                    ? r.promptIds()[position]
                    : r.responseIds()[position - r.promptIds().length];
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
