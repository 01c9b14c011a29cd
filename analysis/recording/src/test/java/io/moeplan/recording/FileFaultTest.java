package io.moeplan.recording;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class FileFaultTest {
    /** A file system whose usable space is always 0. */
    private static final Path IN_PROC = Path.of("/proc/rec");

    @Test
    @EnabledOnOs(OS.LINUX)
    void aRefusalIsNotTakenForAFullDevice() {
        assertThat(FileFault.writing(IN_PROC, "not made", new NoSuchFileException("/proc/rec")))
                .hasMessage("/proc/rec: no such file or directory: not made");
        assertThat(FileFault.writing(IN_PROC, "not made", new AccessDeniedException("/proc/rec")))
                .hasMessage("/proc/rec: permission denied: not made");
        assertThat(FileFault.writing(IN_PROC, "not made", new IOException("voll")))
                .hasMessage("/proc/rec: no space left on device: not made");
    }
}
