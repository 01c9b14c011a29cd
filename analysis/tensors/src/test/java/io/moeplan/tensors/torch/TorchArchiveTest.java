package io.moeplan.tensors.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.tensors.StridedTensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives that PyTorch wrote; archives.py, among the resources, wrote them. */
class TorchArchiveTest {
    @TempDir
    private Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"protocol2", "protocol3", "protocol4", "protocol5", "deflated", "zip64"})
    void readsTensors(String name) throws IOException {
        try (TorchArchive archive = TorchArchive.open(resource(name + ".pt"))) {
            Value.Dict root = (Value.Dict) archive.root();
            assertPlainValues(root);
            assertThat(tensor(root, "matrix").shape()).containsExactly(4, 6);
            assertThat(tensor(root, "matrix").toInts()).startsWith(0, 1, 2).hasSize(24);
            assertThat(tensor(root, "transposed").shape()).containsExactly(6, 4);
            assertThat(tensor(root, "transposed").toInts()).startsWith(0, 6, 12, 18, 1, 7).endsWith(11, 17, 23);
            assertThat(tensor(root, "every_second").toInts()).containsExactly(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21,
                    23);
            assertThat(tensor(root, "column").toInts()).containsExactly(6, 10, 18, 22);
            assertThat(tensor(root, "expanded").toInts()).containsExactly(5, 5, 5, 6, 6, 6);
            assertThat(tensor(root, "empty").shape()).containsExactly(0, 4);
            assertThat(tensor(root, "empty").elements()).isZero();
            assertThat(tensor(root, "scalar").toInts()).containsExactly(42);
            assertThat(doubles(root, "parameter")).containsExactly(1.5, -2);
        }
    }

    @Test
    void readsEveryType() throws IOException {
        try (TorchArchive archive = TorchArchive.open(resource("protocol2.pt"))) {
            Value.Dict root = (Value.Dict) archive.root();
            assertThat(doubles(root, "f64")).containsExactly(0.1);
            assertThat(doubles(root, "f16")).containsExactly(0.5, -65504);
            assertThat(doubles(root, "bf16")).containsExactly(1, -3.140625);
            assertThat(tensor(root, "i8").toInts()).containsExactly(-128, 127);
            assertThat(tensor(root, "i16").toInts()).containsExactly(-32768, 32767);
            assertThat(doubles(root, "i64")).containsExactly(-0x1p62, 0x1p62);
            assertThat(tensor(root, "u8").toInts()).containsExactly(0, 255);
            assertThat(tensor(root, "u16").toInts()).containsExactly(65535);
            assertThat(tensor(root, "bool").toInts()).containsExactly(1, 0);
            assertThatThrownBy(() -> tensor(root, "i64").toInts()).isInstanceOf(IOException.class)
                    .hasMessageContaining("protocol2.pt").hasMessageContaining("32 bits");
            assertThatThrownBy(() -> tensor(root, "f16").toInts()).isInstanceOf(IOException.class)
                    .hasMessageContaining("F16");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"protocol0", "protocol1"})
    void readsOldProtocols(String name) throws IOException {
        try (TorchArchive archive = TorchArchive.open(resource(name + ".pt"))) {
            assertPlainValues((Value.Dict) archive.root());
        }
    }

    @Test
    void readsAnyRangeOfAStridedTensor() throws IOException {
        try (TorchArchive archive = TorchArchive.open(resource("protocol2.pt"))) {
            StridedTensor transposed = tensor((Value.Dict) archive.root(), "transposed");
            int[] all = transposed.toInts();
            for (int from = 0; from <= all.length; from++) {
                for (int to = from; to <= all.length; to++) {
                    int[] some = new int[to - from + 1];
                    transposed.ints(from, some, 1, to - from);
                    assertThat(some).startsWith(0).endsWith(Arrays.copyOfRange(all, from, to));
                }
            }
            assertThatThrownBy(() -> transposed.ints(20, new int[9], 0, 5))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @ParameterizedTest
    @CsvSource({"evil.pt, system", "legacy.pt, legacy PyTorch archive"})
    void refuses(String name, String why) throws IOException {
        refused(resource(name), why);
        assertThat(Path.of("/tmp/moeplan-was-here")).doesNotExist();
    }

    @Test
    void refusesWhatIsNoArchive() throws IOException {
        refused(temp.resolve("absent.pt"), "no such file");
        refused(Files.write(temp.resolve("empty.pt"), new byte[0]), "does not begin like a ZIP file");
        refused(Files.write(temp.resolve("bare.pt"), new byte[]{(byte) 0x80, 2, 'N', '.'}), "bare pickle");
        byte[] whole = Files.readAllBytes(resource("protocol2.pt"));
        refused(Files.write(temp.resolve("half.pt"), Arrays.copyOf(whole, whole.length / 2)), "copied whole");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        // a tuple of nothing, on nothing
        "85 2e | finds fewer values",
        // memo slot 2^31 - 1
        "4e 72 ff ff ff 7f 2e | more than there can be",
        // a string of 2^40 bytes
        "8d 00 00 00 00 00 01 00 00 2e | truncated",
        // appending to a number
        "4b 01 4b 02 61 2e | items are added to an int", "8a ff 2e | truncated", "80 06 4e 2e | protocol 6",
        "64 2e | finds no mark", "68 05 2e | never kept", "82 01 2e | 0x82"})
    void refusesWrongPickles(String hex, String why) throws IOException {
        refused(pickle(HexFormat.ofDelimiter(" ").parseHex(hex.strip())), why);
    }

    @Test
    void containersMayHoldThemselves() throws IOException {
        // l = []; l.append(l)
        try (TorchArchive archive = TorchArchive.open(pickle(new byte[]{']', 'q', 0, 'h', 0, 'a', '.'}))) {
            Sequence list = ((Value.Items) archive.root()).value();
            assertThat(((Value.Items) list.get(0)).value()).isSameAs(list);
        }
    }

    @Test
    void deepNestingTakesNoStack() throws IOException {
        byte[] tuples = new byte[1 << 20];
        Arrays.fill(tuples, (byte) 0x85);
        tuples[0] = 'N';
        tuples[tuples.length - 1] = '.';
        try (TorchArchive archive = TorchArchive.open(pickle(tuples))) {
            assertThat(archive.root().kind()).isEqualTo("a tuple");
        }
    }

    /** A thousand sets made of one list: every few bytes ask for as much memory as the whole file. */
    @Test
    void memoryIsBoundedByTheFile() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("cbuiltins\nset\nq\1(]q\0(".getBytes(StandardCharsets.ISO_8859_1));
        for (int i = 0; i < 10_000; i++) {
            out.write('K');
            out.write(i);
        }
        out.writeBytes("etq\2".getBytes(StandardCharsets.ISO_8859_1));
        for (int i = 0; i < 1000; i++) {
            out.writeBytes("h\1h\2R0".getBytes(StandardCharsets.ISO_8859_1));
        }
        out.write('.');
        refused(pickle(out.toByteArray()), "more than a pickle of");
    }

    private Path pickle(byte[] bytes) throws IOException {
        Path file = temp.resolve("made.pt");
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry("made/data.pkl"));
            zip.write(bytes);
            zip.closeEntry();
        }
        return file;
    }

    private static void refused(Path file, String why) {
        assertThatThrownBy(() -> TorchArchive.open(file).close()).isInstanceOf(IOException.class)
                .hasMessageContaining(file.getFileName().toString()).hasMessageContaining(why);
    }

    private static void assertPlainValues(Value.Dict root) {
        assertThat(root.get("text")).isEqualTo(new Value.Text("grüße"));
        assertThat(root.get("none")).isEqualTo(Value.None.NONE);
        assertThat(root.get("real")).isEqualTo(new Value.Real(0.1));
        assertThat(((Value.Bytes) root.get("bytes")).value()).containsExactly(0, 255);
        Sequence numbers = ((Value.Items) root.get("numbers")).value();
        assertThat(numbers.get(3)).isEqualTo(new Value.Int(65536));
        assertThat(numbers.get(4)).isEqualTo(new Value.Int(1L << 31));
        assertThat(numbers.get(5)).isEqualTo(new Value.Int(-(1L << 40)));
        assertThat(numbers.get(6)).isInstanceOf(Value.Opaque.class);
        Sequence flags = ((Value.Items) root.get("flags")).value();
        assertThat(flags.get(0)).isEqualTo(new Value.Bool(true));
        Sequence tuple = ((Value.Items) root.get("tuple")).value();
        assertThat(tuple.kind()).isEqualTo(Sequence.Kind.TUPLE);
        assertThat(((Value.Items) tuple.get(1)).value().get(1)).isEqualTo(new Value.Real(2.5));
        assertThat(((Value.Items) root.get("set")).value().ints()).containsExactly(7);
        assertThat(((Value.Dict) root.get("keys")).entries()).containsOnlyKeys(1L, "two");
    }

    private static StridedTensor tensor(Value.Dict root, String key) {
        return ((Value.Tensor) root.get(key)).value();
    }

    private static double[] doubles(Value.Dict root, String key) throws IOException {
        StridedTensor tensor = tensor(root, key);
        double[] all = new double[(int) tensor.elements()];
        tensor.doubles(0, all, 0, all.length);
        return all;
    }

    static Path resource(String name) {
        try {
            return Path.of(TorchArchiveTest.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
