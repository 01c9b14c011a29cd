package io.moeplan.engine.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The native library in a process of its own: where it unpacks, and that it is quiet. */
class NativeTokenizersTest {
    @TempDir
    private Path directory;

    /** What the process runs. */
    static final class Encode {
        private Encode() {}

        public static void main(String[] arguments) throws IOException {
            try (Tokenizer tokenizer = Tokenizer.open(Path.of(arguments[0]))) {
                System.out.println(tokenizer.encode("Hello, world!", false).length + " tokens");
            }
        }
    }

    private String run(Path home, Path temporary) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Duser.home=" + home, "-Djava.io.tmpdir=" + temporary, "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Encode.class.getName(), tokenizer().toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeAll(List.of("ENGINE_CACHE_DIR", "DJL_CACHE_DIR"));
        Path output = directory.resolve("output");
        Process process = builder.redirectOutput(output.toFile()).start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        String text = Files.readString(output);
        assertThat(process.exitValue()).as(text).isZero();
        return text.lines().filter(line -> !line.startsWith("SLF4J")).toList().toString();
    }

    private static Path tokenizer() throws Exception {
        return Path.of(NativeTokenizersTest.class.getResource("tokenizers/qwen/tokenizer.json").toURI());
    }

    @Test
    void keepsItsLibraryInTheHomeDirectory() throws Exception {
        Path home = Files.createDirectory(directory.resolve("home"));
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        assertThat(run(home, temporary)).isEqualTo("[9 tokens]");
        assertThat(home.resolve(".djl.ai/tokenizers")).isNotEmptyDirectory();
    }

    @Test
    void worksWithoutAHomeDirectoryAndCleansUp() throws Exception {
        Path noHome = Files.writeString(directory.resolve("file"), "in the way");
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        assertThat(run(noHome, temporary)).isEqualTo("[9 tokens]");
        try (var left = Files.list(temporary)) {
            assertThat(left.filter(path -> path.getFileName().toString().startsWith("moeplan-"))).isEmpty();
        }
    }
}
