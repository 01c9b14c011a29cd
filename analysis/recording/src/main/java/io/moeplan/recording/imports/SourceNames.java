package io.moeplan.recording.imports;

import java.nio.file.Path;

/** What recordings are called that were made of a file or folder. */
final class SourceNames {
    private SourceNames() {}

    static String of(Path source) {
        Path name = source.toAbsolutePath().normalize().getFileName();
        return name == null || name.toString().isBlank() ? "unknown" : name.toString();
    }
}
