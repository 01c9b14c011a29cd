package io.moeplan.engine.record;

import io.moeplan.engine.backend.Routing;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
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
    /**
     * Taken by other threads meanwhile: the first touch of so much memory takes longer than a GPU has work for when the first
     * layer is in.
     */
    private final CompletableFuture<List<Batch>> batches;

    /**
     * Consecutive tokens.
     *
     * @param experts uint16 {@code [rows][layers][topK]}
     * @param weights float32, the same layout; null if weights are not recorded
     */
    private record Batch(int rows, MemorySegment experts, MemorySegment weights) {}

    @SuppressWarnings("MustBeClosedChecker") // close() closes the arena
    TokenWave(int layers, int topK, boolean weighted, List<Request> wave, List<RecordingSink.RequestRow> requestRows) {
        this.wave = wave;
        this.requestRows = requestRows;
        this.tokens = wave.stream().mapToInt(r -> r.promptIds().length + r.responseIds().length).sum();
        this.topK = topK;
        this.width = layers * topK;
        this.weighted = weighted;
        this.arena = Arena.ofShared();
        this.batches = CompletableFuture.supplyAsync(() -> IntStream.range(0, Math.ceilDiv(tokens, BATCH_ROWS))
                .parallel().mapToObj(this::allocate).toList());
    }

    private Batch allocate(int number) {
        int rows = Math.min(BATCH_ROWS, tokens - number * BATCH_ROWS);
        long choices = (long) rows * width;
        return new Batch(rows, arena.allocate(choices * Short.BYTES, 64),
                weighted ? arena.allocate(choices * Float.BYTES, 64) : null);
    }

    private List<Batch> batches() {
        try {
            return batches.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof OutOfMemoryError error) {
                throw error;
            }
            throw e;
        }
    }

    /** Takes in a layer; in parallel, as nothing hides what the last one takes. */
    void put(int moeLayer, Routing routing) {
        List<Batch> all = batches();
        IntStream.range(0, all.size()).parallel().forEach(number -> {
            int from = number * BATCH_ROWS * topK;
            putExperts(moeLayer, routing.experts(), from, all.get(number));
            if (weighted) {
                putWeights(moeLayer, routing.weights(), from, all.get(number));
            }
        });
    }

    private void putExperts(int moeLayer, char[] chosen, int from, Batch batch) {
        long at = (long) moeLayer * topK;
        for (int row = 0; row < batch.rows; row++, at += width) {
            for (int k = 0; k < topK; k++) {
                batch.experts.set(ValueLayout.JAVA_CHAR, (at + k) * Character.BYTES, chosen[from + row * topK + k]);
            }
        }
    }

    private void putWeights(int moeLayer, float[] values, int from, Batch batch) {
        long at = (long) moeLayer * topK;
        for (int row = 0; row < batch.rows; row++, at += width) {
            for (int k = 0; k < topK; k++) {
                batch.weights.set(ValueLayout.JAVA_FLOAT, (at + k) * Float.BYTES, values[from + row * topK + k]);
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
        for (Batch batch : batches()) {
            int count = batch.rows;
            if (rows == null || rows.rows() != count) {
                rows = new RecordingSink.TokenRows(new int[count], new int[count], new int[count], new byte[count],
                        new short[count * width], weighted ? new float[count * width] : null);
            }
            fill(rows, batch, cursor);
            sink.tokens(rows);
        }
        sink.flush();
    }

    private void fill(RecordingSink.TokenRows rows, Batch batch, Cursor cursor) {
        for (int row = 0; row < rows.rows();) {
            row += cursor.fill(rows, row);
        }
        int choices = rows.rows() * width;
        MemorySegment.copy(batch.experts, ValueLayout.JAVA_SHORT, 0, rows.experts(), 0, choices);
        if (weighted) {
            MemorySegment.copy(batch.weights, ValueLayout.JAVA_FLOAT, 0, rows.weights(), 0, choices);
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
        batches.exceptionally(failure -> List.of()).join(); // nobody allocates any more
        arena.close();
    }
}
