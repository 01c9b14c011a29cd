package io.moeplan.engine.workload;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** What tells two workloads apart. */
public final class WorkloadDigest {
    private WorkloadDigest() {}

    /**
     * The SHA-256 of a workload in lower-case hex: of a file's bytes, or for a directory of a text with a line
     * {@code <sha256>  <name>} for each of its files, as {@code sha256sum} prints it.
     */
    public static String sha256(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return ofFile(path);
        }
        MessageDigest digest = newDigest();
        for (Path file : TextFiles.in(path)) {
            digest.update((ofFile(file) + "  " + file.getFileName() + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static String ofFile(Path file) throws IOException {
        MessageDigest digest = newDigest();
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
