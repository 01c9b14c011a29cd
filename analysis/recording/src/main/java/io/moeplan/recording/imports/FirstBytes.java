package io.moeplan.recording.imports;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** What a file's first bytes say it is. */
enum FirstBytes {
    ZIP, NUMPY, GGUF, PICKLE, JSON_OBJECT, JSON_ARRAY, SAFETENSORS, TEXT, EMPTY, OTHER;

    private static final int LOOKED_AT = 4096;

    /** @throws IOException if there is no such file, or it cannot be read */
    static FirstBytes of(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + ": " + (Files.isDirectory(file) ? "is a folder" : "no such file"));
        }
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(LOOKED_AT);
        }
        return of(head);
    }

    private static FirstBytes of(byte[] head) {
        if (begins(head, "PK\3\4") || begins(head, "PK\5\6")) {
            return ZIP;
        }
        if (begins(head, "\u0093NUMPY")) {
            return NUMPY;
        }
        if (begins(head, "GGUF")) {
            return GGUF;
        }
        if (head.length > 8 && head[8] == '{' && head[7] == 0 && head[6] == 0) {
            return SAFETENSORS;
        }
        if (head.length > 1 && head[0] == (byte) 0x80) {
            return PICKLE;
        }
        return text(head);
    }

    private static boolean begins(byte[] head, String magic) {
        byte[] bytes = magic.getBytes(StandardCharsets.ISO_8859_1);
        return head.length >= bytes.length && Arrays.equals(head, 0, bytes.length, bytes, 0, bytes.length);
    }

    private static FirstBytes text(byte[] head) {
        for (byte each : head) {
            if (each >= 0 && each < ' ' && each != '\n' && each != '\r' && each != '\t') {
                return OTHER;
            }
        }
        String text = new String(head, StandardCharsets.UTF_8).replace("\ufeff", "").strip();
        if (text.isEmpty()) {
            return EMPTY;
        }
        return switch (text.charAt(0)) {
            case '{' -> JSON_OBJECT;
            case '[' -> JSON_ARRAY;
            default -> TEXT;
        };
    }
}
