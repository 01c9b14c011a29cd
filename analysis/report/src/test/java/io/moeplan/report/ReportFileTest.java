package io.moeplan.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportFileTest {
    @TempDir
    private Path directory;

    @Test
    void replacesWhatIsThereAndLeavesNothingElse() throws IOException {
        Path file = directory.resolve("report.html");
        ReportFile.write(file, "old");
        ReportFile.write(file, "new \u00e9");
        assertThat(file).hasContent("new \u00e9");
        assertThat(directory).isDirectoryContaining("glob:**report.html");
        try (var files = Files.list(directory)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void impossibleTargetsAreNamed() {
        Path missing = directory.resolve("none/report.html");
        assertThatThrownBy(() -> ReportFile.write(missing, "x")).isInstanceOf(IOException.class)
                .hasMessageContaining(missing.toString()).hasMessageContaining("there is no directory");
        assertThatThrownBy(() -> ReportFile.write(directory, "x")).isInstanceOf(IOException.class)
                .hasMessageContaining("is a directory");
    }
}
