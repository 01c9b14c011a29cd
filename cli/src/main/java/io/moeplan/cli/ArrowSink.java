package io.moeplan.cli;

import io.moeplan.engine.record.RecordingSink;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import io.moeplan.recording.RecordingWriter;
import java.io.IOException;
import java.util.List;

/** Hands what the engine records to an Arrow recording; the engine knows no Arrow, recordings know no engine. */
final class ArrowSink implements RecordingSink {
    private final RecordingWriter writer;
    private boolean empty;

    /** @param begun whether the recording is continued */
    ArrowSink(RecordingWriter writer, boolean begun) {
        this.writer = writer;
        this.empty = !begun;
    }

    /** Whether nothing was recorded yet. */
    boolean isEmpty() {
        return empty;
    }

    @Override
    public void requests(List<RequestRow> requests) throws IOException {
        empty = false;
        writer.appendRequests(requests.stream().map(ArrowSink::row).toList());
    }

    private static io.moeplan.recording.RequestRow row(RequestRow request) {
        return new io.moeplan.recording.RequestRow(request.index(), request.id(), request.tag(),
                request.promptTokens(), request.responseTokens());
    }

    @Override
    public void tokens(TokenRows rows) throws IOException {
        writer.appendTokens(new io.moeplan.recording.TokenRows(rows.request(), rows.position(), rows.tokenId(),
                rows.phase(), rows.experts(), rows.weights()));
    }

    @Override
    public void step(Step step) throws IOException {
        writer.appendStep(
                new LoadTrace.Step(step.step(), Phase.ofCode(step.phase()), step.tokens(), step.counts()));
    }

    @Override
    public void flush() throws IOException {
        writer.flush();
    }
}
