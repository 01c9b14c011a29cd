package io.moeplan.recording;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads {@code requests.arrow}. */
final class RequestInput {
    private RequestInput() {}

    static List<RequestRow> read(Path file, Manifest manifest) throws IOException {
        List<RequestRow> rows = new ArrayList<>();
        Set<Integer> seen = new HashSet<>();
        try (ArrowFileInput input = ArrowFileInput.open(file)) {
            input.expect(Tables.requests());
            for (IncomingBatch batch = input.next(); batch != null; batch = input.next()) {
                try (IncomingBatch open = batch) {
                    input.decode(() -> append(open, rows, seen));
                }
            }
            RowCount.check(file, input.isWhole(), manifest, "requests", rows.size(), manifest.requests());
        }
        return List.copyOf(rows);
    }

    private static void append(IncomingBatch batch, List<RequestRow> rows, Set<Integer> seen) {
        // Bytes before arrays: the buffers are checked to be there before anything of their size is allocated.
        int count = batch.rows();
        var requests = batch.bytes(0, 0, count).asIntBuffer();
        var prompts = batch.bytes(3, 0, count).asIntBuffer();
        var responses = batch.bytes(4, 0, count).asIntBuffer();
        String[] ids = batch.texts(1);
        String[] tags = batch.texts(2);
        for (int i = 0; i < count; i++) {
            RequestRow row = new RequestRow(requests.get(i), ids[i], tags[i], prompts.get(i), responses.get(i));
            if (!seen.add(row.request())) {
                throw new IllegalArgumentException("request " + row.request() + " appears twice");
            }
            rows.add(row);
        }
    }
}
