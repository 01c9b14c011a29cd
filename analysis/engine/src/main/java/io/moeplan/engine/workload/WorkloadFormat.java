package io.moeplan.engine.workload;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** How a workload is laid out; within JSON every line or entry tells for itself what it holds. */
public enum WorkloadFormat {
    /** One JSON object a line. */
    JSON_LINES,
    /** One JSON array of objects, as ShareGPT comes. */
    JSON_ARRAY,
    /** A plain text file: one document. */
    TEXT,
    /** A directory of plain text files: one document each. */
    TEXT_DIRECTORY;

    private static final int HEAD = 64 << 10;

    /**
     * Tells a workload's format by its content; a {@code .json} or {@code .jsonl} file is never taken for plain text.
     *
     * @throws WorkloadException
     *             if there is no such file, or it is empty, not text, or a pipe
     */
    public static WorkloadFormat detect(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return TEXT_DIRECTORY;
        }
        if (!Files.exists(path)) {
            throw new WorkloadException(path + ": no such file");
        }
        if (!Files.isRegularFile(path)) {
            throw new WorkloadException(
                    path + ": no regular file, and a workload is read more than once: save it first");
        }
        byte[] head;
        try (InputStream in = Files.newInputStream(path)) {
            head = in.readNBytes(HEAD);
        }
        String text = new String(head, StandardCharsets.UTF_8).replace("\uFEFF", "").stripLeading();
        if (text.indexOf('\0') >= 0 || isGzip(head)) {
            throw new WorkloadException(
                    path + ": not a workload: not text; expected JSON lines, a JSON array or plain text (unpacked)");
        }
        if (text.isEmpty() && head.length < HEAD) {
            throw new WorkloadException(path + ": the workload is empty");
        }
        String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
        boolean named = name.endsWith(".json") || name.endsWith(".jsonl") || name.endsWith(".ndjson");
        if (text.startsWith("[") && (named || text.substring(1).stripLeading().startsWith("{"))) {
            return JSON_ARRAY;
        }
        boolean object = text.startsWith("{") && text.substring(1).stripLeading().matches("(?s)[\"}].*");
        return named || object ? JSON_LINES : TEXT;
    }

    private static boolean isGzip(byte[] head) {
        return head.length > 1 && head[0] == 0x1f && head[1] == (byte) 0x8b;
    }
}
