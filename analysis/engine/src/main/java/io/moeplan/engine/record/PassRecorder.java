package io.moeplan.engine.record;

import io.moeplan.engine.backend.Routing;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Counts the chosen experts of a wave per forward pass. */
final class PassRecorder implements WaveRecorder {
    private final StepAssembler steps;
    private final List<RecordingSink.RequestRow> requestRows;
    private final RequestNumbers numbers;
    private final RecordingSink sink;
    /** The passes this wave takes part in; the first takes up where the wave before it left off. */
    private final List<Pass> passes = new ArrayList<>();
    /** Tokens the last of them still takes. */
    private int room;

    PassRecorder(StepAssembler steps, List<Request> wave, List<RecordingSink.RequestRow> requestRows,
            RequestNumbers numbers, RecordingSink sink) {
        this.steps = steps;
        this.requestRows = requestRows;
        this.numbers = numbers;
        this.sink = sink;
        for (Request request : wave) {
            addTokens(request.promptIds().length, RecordingSink.PROMPT);
            addTokens(request.responseIds().length, RecordingSink.RESPONSE);
        }
    }

    private void addTokens(int count, byte phase) {
        int left = count;
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
    }

    @Override
    public void layer(int moeLayer, Routing routing) {
        int token = 0;
        for (Pass pass : passes) {
            pass.count(moeLayer, routing, token);
            token += pass.tokens();
        }
    }

    @Override
    public void finish() throws IOException {
        sink.requests(requestRows);
        numbers.used(requestRows.size());
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
