package io.moeplan.tensors.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class LayerReaderTest {
    @TempDir
    private Path directory;

    private byte[] write(String name, int bytes) throws IOException {
        byte[] content = new byte[bytes];
        new Random(bytes).nextBytes(content);
        Files.write(directory.resolve(name), content);
        return content;
    }

    private Tensor tensor(String file, byte[] content, int from, int length) {
        return new Tensor(directory.resolve(file), file + from, DType.U8, new long[]{length}, from,
                MemorySegment.ofArray(content).asSlice(from, length));
    }

    private static void assertHolds(LoadedLayer layer, List<Tensor> tensors) {
        for (Tensor tensor : tensors) {
            Tensor loaded = layer.apply(tensor);
            assertThat(loaded.data().isNative()).isTrue();
            assertThat(loaded.name()).isEqualTo(tensor.name());
            assertThat(loaded.data().mismatch(tensor.data())).isEqualTo(-1);
        }
    }

    @Test
    void readsLayersAhead() throws IOException, InterruptedException {
        byte[] a = write("a", 3_000_000);
        byte[] b = write("b", 20_000_000);
        Random random = new Random(1);
        List<List<Tensor>> layers = new ArrayList<>();
        for (int layer = 0; layer < 12; layer++) {
            List<Tensor> tensors = new ArrayList<>(
                    List.of(tensor("b", b, random.nextInt(1000), 9_000_000 + random.nextInt(1000))));
            int at = 0;
            for (int i = 0; i < 20; i++) {
                at += random.nextInt(4) == 0 ? 150_000 : random.nextInt(3) * 500;
                int length = random.nextInt(2000);
                tensors.add(tensor("a", a, at, length));
                at += Math.max(1, length);
            }
            Collections.shuffle(tensors, random);
            layers.add(tensors);
        }
        try (LayerReader reader = LayerReader.start(layers, 1, 2 * LayerReader.leastBytes(layers))) {
            for (List<Tensor> layer : layers.subList(0, 11)) {
                try (LoadedLayer loaded = reader.next()) {
                    assertHolds(loaded, layer);
                    assertThatThrownBy(() -> loaded.apply(tensor("a", a, 2_999_999, 1)))
                            .isInstanceOf(IllegalArgumentException.class);
                }
            }
            LoadedLayer last = reader.next();
            last.close();
            last.close();
            assertThatThrownBy(() -> last.apply(layers.getLast().getFirst())).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(reader::next).isInstanceOf(NoSuchElementException.class);
            assertThat(reader.readBytes()).isBetween(12 * 9_000_000L, 12 * 13_000_000L);
        }
        assertThat(LayerReader.leastBytes(layers)).isBetween(9_000_000L, 13_000_000L);
    }

    @Test
    void holdsNoMoreLayersThanThereIsMemoryFor() throws IOException, InterruptedException {
        byte[] a = write("a", 1000);
        List<Tensor> layer = List.of(tensor("a", a, 0, 1000));
        try (LayerReader reader = LayerReader.start(List.of(layer), 3, 8192)) {
            LoadedLayer first = reader.next();
            LoadedLayer second = reader.next();
            assertThatThrownBy(reader::next).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no memory left");
            assertHolds(first, layer);
            first.close();
            assertHolds(reader.next(), layer);
            assertHolds(second, layer);
        }
        assertThatThrownBy(() -> LayerReader.start(List.of(layer), 1, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void closesWhileReadingAndFreesTheMemory() throws IOException, InterruptedException {
        byte[] a = write("a", 30_000_000);
        List<Tensor> layer = List.of(tensor("a", a, 0, 30_000_000));
        LayerReader reader = LayerReader.start(List.of(layer), 50, 60_008_192);
        LoadedLayer loaded = reader.next();
        Tensor tensor = loaded.apply(layer.getFirst());
        reader.close();
        assertThatThrownBy(() -> tensor.data().get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void namesTheFileThatCannotBeRead() throws IOException, InterruptedException {
        byte[] a = write("a", 5000);
        List<List<Tensor>> layers = List.of(List.of(tensor("a", a, 0, 100)), List.of(tensor("a", a, 4000, 1000)),
                List.of(tensor("a", a, 0, 100)));
        Files.write(directory.resolve("a"), new byte[4500]);
        try (LayerReader reader = LayerReader.start(layers, 1, 8192)) {
            reader.next().close();
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(reader::next).isInstanceOf(IOException.class)
                        .hasMessage(
                                directory.resolve("a") + ": truncated since it was opened: it ends before byte 5000");
            }
        }
        Files.delete(directory.resolve("a"));
        try (LayerReader reader = LayerReader.start(layers, 1, 4096)) {
            assertThatThrownBy(reader::next).hasCauseInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith(directory.resolve("a") + ": cannot be read");
        }
    }
}
