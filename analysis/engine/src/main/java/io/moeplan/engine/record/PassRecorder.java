package io.moeplan.engine.record;

import io.moeplan.engine.backend.Routing;
import io.moeplan.engine.backend.Wanted;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Counts the chosen experts of a wave per forward pass. */
final class PassRecorder implements WaveRecorder, Wanted.Counts {
    private final StepAssembler steps;
    private final List<RecordingSink.RequestRow> requestRows;
    /** The passes this wave takes part in; the first takes up where the wave before it left off. */
    private final List<Pass> passes = new ArrayList<>();
    /** The first token of the wave that is counted. */
    private final int first;
    /** Tokens the last of them still takes. */
    private int room;
    /** Layers that are in. */
    private int layers;

    /** @param counted tokens at the beginning of the wave that are left out */
    PassRecorder(StepAssembler steps, List<Request> wave, int counted, List<RecordingSink.RequestRow> requestRows) {
        this.first = counted;
        this.steps = steps;
        this.requestRows = requestRows;
        int skipped = counted;
        for (Request request : wave) {
            skipped = addTokens(request.promptIds().length, RecordingSink.PROMPT, skipped);
            skipped = addTokens(request.responseIds().length, RecordingSink.RESPONSE, skipped);
        }
    }

    /** Adds tokens but the first {@code skip}; returns how many more to skip. */
    private int addTokens(int count, byte phase, int skip) {
        int left = Math.max(0, count - skip);
        while (left > 0) {
            if (room == 0) {
                room = passes.isEmpty() ? steps.room() : steps.passTokens();
                passes.add(steps.newPass());
            }
            int taken = Math.min(left, room);
            passes.getLast().add(taken, phase);
            room -= taken;
            left -= taken;
        }
        return Math.max(0, skip - count);
    }

    @Override
    public int[] starts() {
        int[] starts = new int[passes.size() + 1];
        starts[0] = first;
        for (int p = 0; p < passes.size(); p++) {
            starts[p + 1] = starts[p] + passes.get(p).tokens();
        }
        return starts;
    }

    @Override
    public void choices(Routing routing) {
        int token = first;
        for (Pass pass : passes) {
            pass.count(layers, routing, token);
            token += pass.tokens();
        }
        layers++;
    }

    @Override
    public void counts(MemorySegment counts) {
        for (int p = 0; p < passes.size(); p++) {
            passes.get(p).put(layers, counts, p);
        }
        layers++;
    }

    @Override
    public int requests() {
        return requestRows.size();
    }

    /**
     * Hands all that is complete to a sink and flushes that.
     *
     * @throws IOException if the sink fails
     */
    void writeTo(RecordingSink sink) throws IOException {
        sink.requests(requestRows);
        for (Pass pass : passes) {
            steps.add(pass, sink);
        }
        sink.flush();
    }

    @Override
    public void close() {
        // The counts are on the heap.
    }
}
