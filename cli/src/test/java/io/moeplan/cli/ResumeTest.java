package io.moeplan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.recording.Recording;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A recording that ended early is continued as if it had not. */
final class ResumeTest {
    @TempDir
    private Path temp;

    private Run record(Path out, String... more) {
        List<Object> words = new ArrayList<>(
                List.of("record", "--model", Run.MODEL, "--device", "cpu", "--workload", Run.WORKLOAD,
                        "--limit", 30, "--wave-tokens", 300, "--pass-tokens", 128, "--out", out));
        words.addAll(List.of(more));
        if (words.contains("stat")) {
            words.addAll(List.of("--stat-passes", 3));
        }
        return Run.moeplan(words.toArray());
    }

    /** What a kill leaves: a prefix of the file with the loads, and a manifest that was never finished. */
    private Path killed(Path whole, double part) throws IOException {
        Path copy = Files.createDirectories(temp.resolve("killed"));
        try (Stream<Path> files = Files.list(whole)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        Path manifest = copy.resolve("manifest.json");
        Files.writeString(manifest, Files.readString(manifest).replaceAll("\"complete\"(\\s*):(\\s*)true",
                "\"complete\"$1:$2false"));
        for (String name : List.of("tokens.arrow", "steps.arrow")) {
            if (Files.exists(copy.resolve(name))) {
                try (RandomAccessFile file = new RandomAccessFile(copy.resolve(name).toFile(), "rw")) {
                    file.setLength((long) (file.length() * part));
                }
            }
        }
        return copy;
    }

    @ParameterizedTest
    @ValueSource(strings = {"per-token", "per-pass", "stat"})
    void hasTheDigestOfAnUninterruptedRun(String mode) throws IOException {
        Path whole = temp.resolve("whole");
        String[] options = mode.equals("per-token")
                ? new String[]{"--mode", mode, "--weights"}
                : new String[]{"--mode", mode};
        assertThat(record(whole, options).exit()).isZero();
        String digest = Recording.open(whole).digest();
        for (double part : new double[]{0.1, 0.45, 0.8}) {
            Path killed = killed(whole, part);
            // A resumption that was itself killed has left the recording aside.
            if (part == 0.45) {
                Files.move(killed, temp.resolve("killed.resuming"));
            }
            String[] resumed = Stream.concat(Stream.of(options), Stream.of("--resume", "--threads", "1"))
                    .toArray(String[]::new);
            Run run = record(killed, resumed);
            assertThat(run.err()).isEmpty();
            assertThat(run.exit()).isZero();
            Recording recording = Recording.open(killed);
            assertThat(recording.manifest().complete()).isTrue();
            assertThat(recording.digest()).isEqualTo(digest);
            assertThat(temp.resolve("killed.resuming")).doesNotExist();
            delete(killed);
        }
    }

    @Test
    void aProfileGoesOnAfterItsRecording() throws IOException {
        Path out = Files.createDirectory(temp.resolve("profile"));
        assertThat(record(out.resolve("recording")).exit()).isZero();
        Run other = profile(out, "--resume", "--limit", "29");
        assertThat(other.exit()).isEqualTo(1);
        assertThat(other.errorLines()).singleElement().asString().contains("cannot be resumed", "is --limit another?");
        assertThat(profile(out, "--resume", "--limit", "31").errorLines()).singleElement().asString()
                .contains("the number of requests is another: it was 30, now it is 31");
        FileTime recorded = Files.getLastModifiedTime(out.resolve("recording/tokens.arrow"));
        Run run = profile(out, "--resume", "--limit", "30");
        assertThat(run.exit()).isZero();
        assertThat(run.errorLines()).singleElement().asString().contains("recording is complete");
        assertThat(Files.getLastModifiedTime(out.resolve("recording/tokens.arrow"))).isEqualTo(recorded);
        assertThat(out.resolve("plan.json")).exists();
        assertThat(out.resolve("report.html")).exists();
    }

    private static Run profile(Path out, String... more) {
        return Run.moeplan(Stream.concat(Stream.of("profile", "--model", Run.MODEL, "--device", "cpu", "--workload",
                Run.WORKLOAD, "--pass-tokens", 128, "--gpus", 4, "--time-budget", 0, "--out", out), Stream.of(more))
                .toArray());
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    @Test
    void refusesWhatItCannotContinue() throws IOException {
        Path whole = temp.resolve("whole");
        assertThat(record(whole, "--resume").exit()).isZero();
        assertThat(record(whole, "--resume").errorLines()).singleElement().asString().contains("is complete");
        Path killed = killed(whole, 0.6);
        assertThat(record(killed, "--resume", "--mode", "stat").errorLines()).singleElement().asString()
                .contains("--mode is another");
        assertThat(record(killed, "--resume", "--weights").errorLines()).singleElement().asString()
                .contains("--weights is another");
        Path manifest = killed.resolve("manifest.json");
        Files.writeString(manifest,
                Files.readString(manifest).replaceFirst("(\"weights_digest\"\\s*:\\s*\"sha256:)..", "$1zz"));
        assertThat(record(killed, "--resume").errorLines()).singleElement().asString()
                .contains("the checkpoint is another");
        assertThat(Recording.open(killed).manifest().complete()).isFalse();
    }
}
