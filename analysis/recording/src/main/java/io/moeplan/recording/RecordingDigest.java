package io.moeplan.recording;

import io.moeplan.eplb.LoadTrace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.IntStream;

/**
 * SHA-256 over what was recorded: the model, the requests, and every token or step. How it was cut into batches,
 * whether it is compressed, and what it was made with do not count, so the same routing has the same digest.
 */
final class RecordingDigest {
    private static final int TOKEN_COLUMNS = 6;

    private RecordingDigest() {}

    static String of(Recording recording) throws IOException {
        MessageDigest digest = sha256();
        Manifest manifest = recording.manifest();
        text(digest, manifest.model().modelType() + " " + manifest.model().configDigest() + " " + manifest.layerIds()
                + " " + manifest.numExperts() + " " + manifest.topK() + " " + manifest.numGroups() + " "
                + manifest.mode().label() + " " + manifest.passTokens() + "\n");
        for (RequestRow request : recording.requests()) {
            text(digest, request + "\n");
        }
        if (manifest.mode() == Mode.PER_TOKEN) {
            tokens(digest, recording);
        } else {
            steps(digest, recording.trace());
        }
        return "sha256:" + HexFormat.of().formatHex(digest.digest());
    }

    /** Column by column, so that the digest does not see where batches end. */
    private static void tokens(MessageDigest digest, Recording recording) throws IOException {
        MessageDigest[] columns = IntStream.range(0, TOKEN_COLUMNS).mapToObj(column -> sha256())
                .toArray(MessageDigest[]::new);
        int chosen = recording.manifest().layers() * recording.manifest().topK();
        recording.forEachTokenBatch(batch -> {
            columns[0].update(bytes(batch.request(), batch.rows()));
            columns[1].update(bytes(batch.position(), batch.rows()));
            columns[2].update(bytes(batch.tokenId(), batch.rows()));
            columns[3].update(batch.phase(), 0, batch.rows());
            ByteBuffer experts = ByteBuffer.allocate(2 * chosen * batch.rows());
            experts.asShortBuffer().put(batch.experts(), 0, chosen * batch.rows());
            columns[4].update(experts);
            if (batch.weights() != null) {
                ByteBuffer weights = ByteBuffer.allocate(4 * chosen * batch.rows());
                weights.asFloatBuffer().put(batch.weights(), 0, chosen * batch.rows());
                columns[5].update(weights);
            }
        });
        for (MessageDigest column : columns) {
            digest.update(column.digest());
        }
    }

    private static void steps(MessageDigest digest, LoadTrace trace) {
        for (LoadTrace.Step step : trace.steps()) {
            text(digest, step.id() + " " + step.phase() + " " + step.tokens() + "\n");
            digest.update(bytes(step.counts(), step.counts().length));
        }
    }

    private static ByteBuffer bytes(int[] values, int length) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(4, length));
        bytes.asIntBuffer().put(values, 0, length);
        return bytes;
    }

    private static void text(MessageDigest digest, String text) {
        digest.update(text.getBytes(StandardCharsets.UTF_8));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
