package io.moeplan.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.eplb.TokenTrace;
import io.moeplan.eplb.replay.Replay;
import io.moeplan.eplb.replay.ReplayOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenTraceTest {
    private static final RecordingWriter.Options PLAIN = new RecordingWriter.Options(true, false);

    @TempDir
    Path temp;

    @Test
    void everyRequestHasItsTokens() throws IOException {
        Recording recording = Recording.open(Samples.write(temp.resolve("rec"), Mode.PER_TOKEN, PLAIN, 5));
        TokenTrace trace = recording.tokenTrace();
        assertThat(trace.layerIds()).containsExactly(1, 2, 5);
        assertThat(List.of(trace.experts(), trace.topK(), trace.requests().size())).containsExactly(16, 2, 10);
        for (int r = 0; r < 10; r++) {
            TokenTrace.Request request = trace.requests().get(r);
            assertThat(request.promptTokens()).isEqualTo(7);
            assertThat(request.responseTokens()).isEqualTo(3);
            assertThat(request.experts())
                    .containsExactly(Samples.tokens(recording.manifest(), 10 * r, 10, false).experts());
        }
    }

    @Test
    void aReplayCountsWhatTheRecordingCounts() throws IOException {
        Recording recording = Recording.open(Samples.write(temp.resolve("rec"), Mode.PER_TOKEN, PLAIN, 5));
        Replay.Result replay = Replay.run(recording.tokenTrace(), ReplayOptions.of(4).withPrefillChunk(5));
        for (int layer = 0; layer < 3; layer++) {
            assertThat(replay.loads().totals(layer)).containsExactly(recording.trace().totals(layer));
        }
    }

    @Test
    void requestsMayComeInTurns() throws IOException {
        Manifest manifest = Samples.manifest(Mode.PER_TOKEN);
        Path dir = temp.resolve("turns");
        TokenRows even = Samples.tokens(manifest, 0, 20, false);
        int[] request = new int[20];
        byte[] phase = new byte[20];
        Arrays.setAll(request, row -> row % 2);
        Arrays.fill(phase, 15, 20, TokenRows.RESPONSE);
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest, PLAIN)) {
            writer.appendRequests(Samples.requests(0, 2));
            writer.appendTokens(new TokenRows(request, even.position(), even.tokenId(), phase, even.experts(), null));
            writer.finish(manifest.withTiming(Samples.TIMING));
        }
        TokenTrace trace = Recording.open(dir).tokenTrace();
        assertThat(trace.requests()).extracting(TokenTrace.Request::tokens).containsExactly(10, 10);
        assertThat(trace.requests()).extracting(TokenTrace.Request::responseTokens).containsExactly(2, 3);
        // The second token of request 1 is the fourth row.
        assertThat(Arrays.copyOfRange(trace.requests().get(1).experts(), 6, 12))
                .containsExactly(Arrays.copyOfRange(even.experts(), 18, 24));
    }

    @Test
    void otherRecordingsHaveNoTokens() throws IOException {
        Path dir = Samples.write(temp.resolve("rec"), Mode.STAT, PLAIN, 1);
        Recording recording = Recording.open(dir);
        assertThatThrownBy(recording::tokenTrace).hasMessage(dir + ": is a stat recording and does not have the experts"
                + " of every token: record with --mode per-token");
    }
}
