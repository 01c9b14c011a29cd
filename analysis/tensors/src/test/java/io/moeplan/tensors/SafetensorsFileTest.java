package io.moeplan.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class SafetensorsFileTest {
    @TempDir
    private Path directory;

    private Path file() {
        return directory.resolve("x.safetensors");
    }

    @Test
    void decodesEveryPlainFloatType() throws IOException {
        ByteBuffer data = ByteBuffer.allocate(2 + 2 + 4 + 8).order(ByteOrder.LITTLE_ENDIAN);
        data.putShort((short) (Float.floatToIntBits(-1.5f) >>> 16)).putShort(Float.floatToFloat16(0.25f)).putFloat(3.5f)
                .putDouble(-2.0);
        String header = "{\"__metadata__\":{\"format\":\"pt\"}," + Bytes.entry("b", "BF16", "[1,1]", 0, 2) + ","
                + Bytes.entry("h", "F16", "[1]", 2, 4) + "," + Bytes.entry("f", "F32", "[]", 4, 8) + ","
                + Bytes.entry("d", "F64", "[1]", 8, 16) + "," + Bytes.entry("none", "I64", "[0,7]", 16, 16) + "}   ";
        try (SafetensorsFile opened = SafetensorsFile.open(Bytes.write(file(), header, data.array()))) {
            assertThat(opened.names()).containsExactly("b", "h", "f", "d", "none");
            assertThat(opened.metadata()).containsEntry("format", "pt");
            assertThat(opened.find("b").orElseThrow().toFloats()).containsExactly(-1.5f);
            assertThat(opened.find("h").orElseThrow().toFloats()).containsExactly(0.25f);
            assertThat(opened.find("f").orElseThrow().toFloats()).containsExactly(3.5f);
            assertThat(opened.find("d").orElseThrow().toFloats()).containsExactly(-2f);
            Tensor none = opened.find("none").orElseThrow();
            assertThat(none.elements()).isZero();
            assertThat(none.hasShape(0, 7)).isTrue();
            assertThatThrownBy(none::toFloats).isInstanceOf(IllegalStateException.class).hasMessageContaining("I64");
            assertThat(opened.find("other")).isEmpty();
        }
    }

    static Stream<Arguments> headers() {
        String good = Bytes.entry("a", "U8", "[8]", 0, 8);
        return Stream.of(Arguments.of("{", "not JSON"), Arguments.of("[1]", "not a JSON object"),
                Arguments.of("{}", "describes 0 bytes"), Arguments.of("{" + good + "} x", "not JSON"),
                Arguments.of("{" + good + "}{}", "goes on"),
                Arguments.of("{" + good + "," + good + "}", "names a twice"),
                Arguments.of("{\"__metadata__\":{},\"__metadata__\":{}," + good + "}", "twice"),
                Arguments.of("{\"__metadata__\":{\"a\":1}," + good + "}", "not a string"),
                Arguments.of("{" + Bytes.entry("a", "F99", "[8]", 0, 8) + "}", "unknown dtype F99"),
                Arguments.of("{" + Bytes.entry("a", "U8", "[7]", 0, 8) + "}", "takes 7 bytes"),
                Arguments.of("{" + Bytes.entry("a", "U8", "[-8]", 0, 8) + "}", "out of range"),
                Arguments.of("{" + Bytes.entry("a", "U8", "[8.0]", 0, 8) + "}", "whole numbers"),
                Arguments.of("{" + Bytes.entry("a", "U8", "[99999999999999999999]", 0, 8) + "}", "out of range"),
                Arguments.of("{" + Bytes.entry("a", "F64", "[2305843009213693953]", 0, 8) + "}", "impossible shape"),
                Arguments.of("{" + Bytes.entry("a", "U8", "[" + "1,".repeat(40) + "8]", 0, 8) + "}", "more than 16"),
                Arguments.of("{" + Bytes.entry("a", "U8", "[9]", 0, 9) + "}", "truncated"),
                Arguments.of("{" + Bytes.entry("a", "U8", "[4]", 8, 4) + "}", "ends before it begins"),
                Arguments.of(
                        "{" + Bytes.entry("a", "U8", "[6]", 0, 6) + "," + Bytes.entry("b", "U8", "[4]", 4, 8) + "}",
                        "overlaps"),
                Arguments.of(
                        "{" + Bytes.entry("a", "U8", "[2]", 0, 2) + "," + Bytes.entry("b", "U8", "[4]", 4, 8) + "}",
                        "hole of 2 bytes"),
                Arguments.of("{" + Bytes.entry("a", "U8", "[4]", 0, 4) + "}", "describes 4 bytes"),
                Arguments.of("{\"a\":{\"dtype\":\"U8\",\"shape\":[8]}}", "lacks"),
                Arguments.of("{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0]}}", "lacks"),
                Arguments.of("{\"a\":{\"evil\":1}}", "unknown field evil"),
                Arguments.of("{\"a\":8}", "not a JSON object"));
    }

    @ParameterizedTest
    @MethodSource("headers")
    void refusesHeadersThatDoNotFitTheFile(String header, String problem) throws IOException {
        Path file = Bytes.write(file(), header, new byte[8]);
        assertThatThrownBy(() -> SafetensorsFile.open(file).close()).isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file.toString()).hasMessageContaining(problem);
    }

    @ParameterizedTest
    @MethodSource("claims")
    void refusesImpossibleHeaderLengths(long claimed) throws IOException {
        Path file = Bytes.write(file(), claimed, "{}", new byte[0]);
        assertThatThrownBy(() -> SafetensorsFile.open(file).close()).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("header claims");
    }

    static Stream<Long> claims() {
        return Stream.of(3L, 1L << 60, -1L, Long.MIN_VALUE, Long.MAX_VALUE);
    }

    @Test
    void refusesMissingAndEmptyFiles() throws IOException {
        assertThatThrownBy(() -> SafetensorsFile.open(file()).close()).hasMessageContaining("no such file");
        Files.write(file(), new byte[5]);
        assertThatThrownBy(() -> SafetensorsFile.open(file()).close()).hasMessageContaining("truncated");
    }

    @Test
    void damagedBytesAreRefusedOrHarmless() throws IOException {
        String header = "{" + Bytes.entry("a", "F32", "[2,2]", 0, 16) + "," + Bytes.entry("b", "U8", "[3]", 16, 19)
                + "}";
        byte[] good = Files.readAllBytes(Bytes.write(file(), header, new byte[19]));
        Random random = new Random(7);
        for (int round = 0; round < 400; round++) {
            byte[] bad = good.clone();
            for (int i = 0; i <= random.nextInt(3); i++) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            byte[] cut = random.nextInt(4) == 0 ? Arrays.copyOf(bad, random.nextInt(bad.length)) : bad;
            Path file = Files.write(file(), cut);
            try (SafetensorsFile opened = SafetensorsFile.open(file)) {
                opened.names().forEach(name -> assertThat(opened.find(name)).isPresent());
            } catch (CheckpointException e) {
                assertThat(e.getMessage().getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(500);
            }
        }
    }
}
