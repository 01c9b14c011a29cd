package io.moeplan.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Damaged files end in a result or in one line that names the file. */
class CorruptionTest {
    @TempDir
    Path temp;

    @ParameterizedTest
    @CsvSource({"PER_TOKEN,false,tokens.arrow", "PER_TOKEN,true,tokens.arrow", "PER_PASS,false,steps.arrow",
        "PER_PASS,true,steps.arrow", "PER_TOKEN,false,requests.arrow", "PER_TOKEN,true,requests.arrow",
        "STAT,false,manifest.json"})
    void flippedBits(Mode mode, boolean zstd, String name) throws IOException {
        Path dir = Samples.write(temp.resolve("rec"), mode, new RecordingWriter.Options(zstd, true), 3);
        Path file = dir.resolve(name);
        byte[] sound = Files.readAllBytes(file);
        Random random = new Random(42);
        int failures = 0;
        for (int round = 0; round < 250; round++) {
            byte[] bytes = sound.clone();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
            failures += readDamaged(dir, file, bytes) ? 0 : 1;
        }
        assertThat(failures).isGreaterThan(20);
    }

    @ParameterizedTest
    @CsvSource({"PER_TOKEN,tokens.arrow", "PER_PASS,steps.arrow", "PER_TOKEN,requests.arrow"})
    void overwrittenWords(Mode mode, String name) throws IOException {
        Path dir = Samples.write(temp.resolve("rec"), mode, new RecordingWriter.Options(true, false), 2);
        Path file = dir.resolve(name);
        byte[] sound = Files.readAllBytes(file);
        Random random = new Random(7);
        int[] words = {0, -1, 1, Integer.MAX_VALUE, Integer.MIN_VALUE, 0x7fffff00, 65_536};
        for (int round = 0; round < 250; round++) {
            ByteBuffer bytes = ByteBuffer.wrap(sound.clone()).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putInt(random.nextInt(sound.length / 4) * 4, words[random.nextInt(words.length)]);
            readDamaged(dir, file, bytes.array());
        }
    }

    /** Returns whether it could be read all the same. */
    private static boolean readDamaged(Path dir, Path file, byte[] bytes) throws IOException {
        Files.write(file, bytes);
        return assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
            try {
                Samples.readAll(dir);
                return true;
            } catch (IOException e) {
                assertThat(e.getMessage()).contains(dir.toString()).hasLineCount(1);
                return false;
            }
        });
    }

    @Test
    void hugeClaimsAllocateNothing() throws IOException {
        Path dir = Samples.write(temp.resolve("rec"), Mode.PER_TOKEN, new RecordingWriter.Options(true, false), 1);
        Path file = dir.resolve(Tables.TOKENS);
        byte[] sound = Files.readAllBytes(file);
        // A compressed buffer begins with its length: 20 rows of 6 experts of 2 bytes.
        for (long claim : List.of(1L << 40, 1L << 31, Long.MIN_VALUE, -2L, 239L, 1L << 20)) {
            byte[] bytes = sound.clone();
            ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            List<Integer> places = new ArrayList<>();
            for (int i = 0; i + 8 <= bytes.length; i += 8) {
                if (view.getLong(i) == 240) {
                    places.add(i);
                }
            }
            assertThat(places).isNotEmpty();
            places.forEach(place -> view.putLong(place, claim));
            Files.write(file, bytes);
            assertThatThrownBy(() -> Samples.readAll(dir)).isInstanceOf(IOException.class)
                    .hasMessageStartingWith(file.toString());
        }
    }

    @Test
    void foreignFilesAreNamed() throws IOException {
        Path dir = Samples.write(temp.resolve("rec"), Mode.PER_TOKEN, RecordingWriter.Options.PLAIN, 1);
        Path file = dir.resolve(Tables.TOKENS);
        Files.writeString(file, "request,position,token_id\n1,2,3\n");
        assertThatThrownBy(() -> Samples.readAll(dir)).hasMessage(file + ": not an Arrow IPC file");
        Files.write(file, new byte[0]);
        assertThatThrownBy(() -> Samples.readAll(dir)).hasMessage(file + ": not an Arrow IPC file");
        Files.delete(file);
        assertThatThrownBy(() -> Samples.readAll(dir)).isInstanceOf(IOException.class)
                .hasMessageContaining(file + ": no such file");
        Files.copy(dir.resolve(Tables.REQUESTS), file);
        assertThatThrownBy(() -> Samples.readAll(dir)).isInstanceOf(IOException.class)
                .hasMessageContaining("column 1 is not position");
    }

    @Test
    void filesAreHeldAgainstTheManifest() throws IOException {
        Path dir = Samples.write(temp.resolve("rec"), Mode.PER_TOKEN, RecordingWriter.Options.PLAIN, 1);
        edit(dir, "\"top_k\" : 2", "\"top_k\" : 3", "column experts does not fit the manifest, expected FixedSizeList");
        edit(dir, "\"num_experts\" : 16", "\"num_experts\" : 10", "the model has 10");
        edit(dir, "\"tokens\" : 20", "\"tokens\" : 30",
                "holds 20 tokens, but manifest.json says it is complete with 30");
        edit(dir, "\"requests\" : 2", "\"requests\" : 1", "holds 2 requests, but");
        Path steps = Samples.write(temp.resolve("steps"), Mode.PER_PASS, RecordingWriter.Options.PLAIN, 1);
        edit(steps, "[ 1, 2, 5 ]", "[ 1, 2, 4 ]", "step 0 has layer 5, which the manifest does not list");
        edit(steps, "[ 1, 2, 5 ]", "[ 1, 2, 4, 5 ]", "step 0 lacks 1 layers");
        edit(steps, "\"num_experts\" : 16", "\"num_experts\" : 8", "column counts does not fit the manifest");
    }

    private static void edit(Path dir, String old, String replacement, String message) throws IOException {
        Path file = dir.resolve(Manifest.FILE_NAME);
        String json = Files.readString(file);
        assertThat(json).contains(old);
        Files.writeString(file, json.replace(old, replacement));
        assertThatThrownBy(() -> Samples.readAll(dir)).isInstanceOf(IOException.class).hasMessageContaining(message);
        Files.writeString(file, json);
    }

    @Test
    void tokensOfUnknownRequestsHaveNoTag() throws IOException {
        Manifest manifest = Samples.manifest(Mode.PER_TOKEN);
        Path dir = temp.resolve("rec");
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest, RecordingWriter.Options.PLAIN)) {
            writer.appendTokens(Samples.tokens(manifest, 0, 5, false));
        }
        assertThatThrownBy(() -> Recording.open(dir).loadsByTag()).isInstanceOf(IOException.class)
                .hasMessageContaining("has tokens of request 0, which requests.arrow does not list");
    }

    @Test
    void aTraceLargerThanTheHeapIsRefused() throws IOException {
        Manifest manifest = Samples.manifest(Mode.PER_TOKEN, List.of(0), 65_536, 1);
        Path dir = temp.resolve("rec");
        try (RecordingWriter writer = RecordingWriter.create(dir, manifest, RecordingWriter.Options.PLAIN)) {
            writer.appendTokens(Samples.tokens(manifest, 0, 4000, false));
        }
        assertThatThrownBy(() -> Recording.open(dir).trace(1)).isInstanceOf(IOException.class)
                .hasMessageContaining("ask for larger passes than 1 tokens");
    }
}
