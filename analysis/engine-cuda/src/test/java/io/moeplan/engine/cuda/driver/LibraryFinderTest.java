package io.moeplan.engine.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LibraryFinderTest {
    @Test
    void looksInTheSettingThenCudaHomeThenPythonsWheels(@TempDir Path python) throws IOException {
        Path lib = Files.createDirectories(python.resolve("lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib"));
        LibraryFinder finder = new LibraryFinder(Map.of(LibraryFinder.SETTING, "/a:/b", "CUDA_HOME", "/cuda",
                "VIRTUAL_ENV", python.toString()));
        assertThat(finder.folders()).containsExactly(Path.of("/a"), Path.of("/b"), Path.of("/cuda/lib64"),
                Path.of("/cuda/lib"), lib);
    }

    @Test
    void saysWhatIsMissingAndWhereItLooked() {
        assertThatExceptionOfType(Unavailable.class)
                .isThrownBy(() -> new LibraryFinder(Map.of()).load("no_such_library"))
                .withMessageContaining("libno_such_library.so.13").withMessageContaining("CUDA_HOME")
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
    }

    @Test
    void namesALibraryThatIsNone(@TempDir Path folder) throws IOException {
        Path broken = Files.writeString(folder.resolve("libnvrtc.so.13"), "no library");
        assertThatExceptionOfType(Unavailable.class)
                .isThrownBy(() -> new LibraryFinder(Map.of(LibraryFinder.SETTING, folder.toString())).load("nvrtc"))
                .withMessage(broken + " cannot be loaded");
    }
}
