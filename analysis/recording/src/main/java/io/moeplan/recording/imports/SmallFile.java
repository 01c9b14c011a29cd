package io.moeplan.recording.imports;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Text that is held in memory as a whole. */
final class SmallFile {
    private SmallFile() {}

    /** @throws IOException if there is no such file, or it takes more than an eighth of the memory there is */
    static void require(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + ": no such file");
        }
        long most = Runtime.getRuntime().maxMemory() / 8;
        if (Files.size(file) > most) {
            throw new IOException(
                    file + ": " + Files.size(file) + " bytes of text are more than an eighth of the memory"
                            + " there is; save it as .npy, or give moeplan more memory (-Xmx)");
        }
    }
}
