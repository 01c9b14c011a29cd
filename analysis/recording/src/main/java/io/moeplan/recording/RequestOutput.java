package io.moeplan.recording;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;

/** Writes {@code requests.arrow}. */
final class RequestOutput implements Closeable {
    /** Texts are at most 64 Ki characters, so this bounds a batch. */
    private static final long BATCH_CHARACTERS = 4 << 20;

    private final ArrowFileOutput file;
    private final BufferAllocator allocator;
    private final List<RequestRow> pending = new ArrayList<>();
    private long pendingCharacters;

    RequestOutput(ArrowFileOutput file, BufferAllocator allocator) {
        this.file = file;
        this.allocator = allocator;
    }

    void append(List<RequestRow> rows) throws IOException {
        for (RequestRow row : rows) {
            pending.add(row);
            pendingCharacters += 16 + row.id().length() + (row.tag() == null ? 0 : row.tag().length());
            if (pendingCharacters >= BATCH_CHARACTERS) {
                write();
            }
        }
    }

    void write() throws IOException {
        if (pending.isEmpty()) {
            return;
        }
        try (OutgoingBatch batch = new OutgoingBatch(allocator, pending.size())) {
            batch.addInts(pending.stream().mapToInt(RequestRow::request).toArray());
            batch.addTexts(pending.stream().map(RequestRow::id).toArray(String[]::new));
            batch.addTexts(pending.stream().map(RequestRow::tag).toArray(String[]::new));
            batch.addInts(pending.stream().mapToInt(RequestRow::promptTokens).toArray());
            batch.addInts(pending.stream().mapToInt(RequestRow::responseTokens).toArray());
            file.append(batch);
        }
        pending.clear();
        pendingCharacters = 0;
    }

    ArrowFileOutput file() {
        return file;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
