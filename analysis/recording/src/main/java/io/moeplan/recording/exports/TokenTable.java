package io.moeplan.recording.exports;

import io.moeplan.recording.Manifest;
import io.moeplan.recording.Recording;
import io.moeplan.recording.RequestRow;
import io.moeplan.recording.TokenRows;
import io.moeplan.recording.parquet.ParquetColumn;
import io.moeplan.recording.parquet.ParquetOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A per-token recording as Parquet, a row group for each batch, so in bounded memory. */
final class TokenTable {
    private final Recording recording;
    private final ParquetOutput parquet;
    private final Map<Integer, RequestRow> requests = new HashMap<>();
    private final int routed;

    TokenTable(Recording recording, OutputStream out) throws IOException {
        this.recording = recording;
        Manifest manifest = recording.manifest();
        this.routed = manifest.layers() * manifest.topK();
        this.parquet = new ParquetOutput(out, List.of(
                new ParquetColumn.Ints("request", ParquetColumn.Width.INT32), new ParquetColumn.Texts("request_id"),
                new ParquetColumn.Texts("tag"), new ParquetColumn.Ints("position", ParquetColumn.Width.INT32),
                new ParquetColumn.Ints("token_id", ParquetColumn.Width.INT32), new ParquetColumn.Texts("phase"),
                new ParquetColumn.Lists("experts", ParquetColumn.Width.UINT16, routed, manifest.numExperts())));
    }

    void write() throws IOException {
        recording.requests().forEach(request -> requests.put(request.request(), request));
        recording.forEachTokenBatch(this::group);
        parquet.finish(recording.manifest().metadata());
    }

    private void group(TokenRows rows) throws IOException {
        if (rows.rows() == 0) {
            return;
        }
        String[] ids = new String[rows.rows()];
        String[] tags = new String[rows.rows()];
        String[] phases = new String[rows.rows()];
        int[] experts = new int[rows.rows() * routed];
        for (int row = 0; row < rows.rows(); row++) {
            RequestRow request = requests.get(rows.request()[row]);
            ids[row] = request == null ? null : request.id();
            tags[row] = request == null ? null : request.tag();
            phases[row] = rows.phase()[row] == TokenRows.PROMPT ? "prompt" : "response";
        }
        for (int i = 0; i < experts.length; i++) {
            experts[i] = rows.expert(i);
        }
        parquet.rows(rows.rows(),
                List.of(rows.request(), ids, tags, rows.position(), rows.tokenId(), phases, experts));
    }
}
