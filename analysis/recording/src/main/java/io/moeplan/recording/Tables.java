package io.moeplan.recording;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.types.pojo.Schema;

/** The Arrow files of a recording and their columns, in order. */
final class Tables {
    static final String REQUESTS = "requests.arrow";
    static final String TOKENS = "tokens.arrow";
    static final String STEPS = "steps.arrow";

    /** Batches hold no more rows than this, and no more bytes: readers hold one at a time. */
    private static final int BATCH_ROWS = 1 << 16;
    private static final int BATCH_BYTES = 16 << 20;

    private Tables() {}

    static List<Column> requests() {
        return List.of(Column.scalar("request", Column.Type.INT32), Column.scalar("id", Column.Type.UTF8),
                new Column("tag", Column.Type.UTF8, 0, true), Column.scalar("prompt_tokens", Column.Type.INT32),
                Column.scalar("response_tokens", Column.Type.INT32));
    }

    static List<Column> tokens(Manifest manifest, boolean weights) {
        int routed = Math.multiplyExact(manifest.layers(), manifest.topK());
        List<Column> columns = new ArrayList<>(List.of(Column.scalar("request", Column.Type.INT32),
                Column.scalar("position", Column.Type.INT32), Column.scalar("token_id", Column.Type.INT32),
                Column.scalar("phase", Column.Type.INT8), Column.list("experts", Column.Type.UINT16, routed)));
        if (weights) {
            columns.add(Column.list("weights", Column.Type.FLOAT16, routed));
        }
        return List.copyOf(columns);
    }

    static List<Column> steps(Manifest manifest) {
        return List.of(Column.scalar("step", Column.Type.INT64), Column.scalar("phase", Column.Type.INT8),
                Column.scalar("layer", Column.Type.INT16), Column.scalar("tokens", Column.Type.INT32),
                Column.list("counts", Column.Type.INT32, manifest.numExperts()));
    }

    /** The file that holds the loads. */
    static String loads(Manifest manifest) {
        return manifest.mode() == Mode.PER_TOKEN ? TOKENS : STEPS;
    }

    static Schema schema(List<Column> columns, Manifest manifest) {
        Map<String, String> metadata = ManifestJson.schemaMetadata(manifest);
        return new Schema(columns.stream().map(Column::field).toList(), metadata);
    }

    /** Rows of fixed-size columns that make a full batch, at least 1. */
    static int batchRows(List<Column> columns) {
        long rowBytes = columns.stream().mapToLong(Column::rowBytes).sum();
        return Math.clamp(BATCH_BYTES / rowBytes, 1, BATCH_ROWS);
    }
}
