package io.moeplan.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** Writes a rendered report so that a reader sees the old file or the whole new one, never a part. */
public final class ReportFile {
    private ReportFile() {}

    /**
     * Writes {@code text} as UTF-8 to a temporary sibling of {@code target} and moves it there, over what is there.
     *
     * @throws IOException if the file cannot be written; the message names it
     */
    public static void write(Path target, String text) throws IOException {
        Path file = target.toAbsolutePath();
        if (Files.isDirectory(file)) {
            throw new IOException("cannot write " + target + ": it is a directory; name a file in it");
        }
        if (!Files.isDirectory(file.getParent())) {
            throw new IOException("cannot write " + target + ": there is no directory " + file.getParent());
        }
        Path temporary = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
        // An interrupt ends the program without the clearing up below.
        temporary.toFile().deleteOnExit();
        try {
            Files.writeString(temporary, text, StandardCharsets.UTF_8, StandardOpenOption.CREATE_NEW);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new IOException("cannot write " + target + ": " + reason(e), e);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static String reason(IOException e) {
        if (!(e instanceof FileSystemException fault)) {
            return e.getMessage();
        }
        return fault.getReason() == null ? "permission denied" : fault.getReason();
    }
}
