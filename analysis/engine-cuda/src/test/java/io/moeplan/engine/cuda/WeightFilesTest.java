package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.PlainMatrix;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read of a piece, chunk by chunk, is what lies in its files. */
final class WeightFilesTest {
    @TempDir
    private Path temp;

    private final byte[] bytes = new byte[50_000];

    private Tensor tensor(String name, int position, int rows, int columns) {
        return new Tensor(temp.resolve("weights"), name, DType.BF16, new long[]{rows, columns}, position,
                MemorySegment.ofArray(bytes).asSlice(position, 2L * rows * columns));
    }

    private Piece piece() throws IOException {
        new Random(1).nextBytes(bytes);
        Files.write(temp.resolve("weights"), bytes);
        return new Piece(0, Piece.Part.DENSE, 0, 0)
                .group(List.of(PlainMatrix.of(tensor("a", 11, 30, 50)), PlainMatrix.of(tensor("b", 20_001, 7, 9))), 2)
                .group(List.of(PlainMatrix.of(tensor("c", 4_000, 100, 100)), PlainMatrix.of(tensor("a", 11, 30, 50))),
                        2);
    }

    @Test
    void groupsLieTogetherAndTensorsOnce() throws Exception {
        Piece piece = piece();
        assertThat(piece.tensors()).extracting(Tensor::name).containsExactly("a", "b", "c");
        assertThat(piece.group(0)).isZero();
        assertThat(piece.group(1)).as("two matrices of 3,126 bytes, aligned").isEqualTo(3_328);
        assertThat(piece.bytes()).isEqualTo(3_328 + 20_000 + 3_000);
    }

    @Test
    void reads() throws Exception {
        Piece piece = piece();
        for (long most : new long[]{1_000, 3_001, 1 << 20}) {
            byte[] raw = new byte[(int) piece.rawBytes()];
            try (WeightFiles files = new WeightFiles(); Arena arena = Arena.ofShared()) {
                for (WeightFiles.Chunk chunk : WeightFiles.chunks(piece, most)) {
                    assertThat(chunk.bytes()).isBetween(1L, most);
                    MemorySegment into = arena.allocate(chunk.bytes());
                    files.read(chunk, into);
                    MemorySegment.copy(into, ValueLayout.JAVA_BYTE, 0, raw, (int) chunk.at(), (int) chunk.bytes());
                }
            }
            for (Tensor tensor : piece.tensors()) {
                assertThat(MemorySegment.ofArray(raw).asSlice(piece.rawAt(tensor), tensor.data().byteSize())
                        .mismatch(tensor.data())).as(tensor.name()).isEqualTo(-1);
            }
        }
    }

    @Test
    void namesATruncatedFile() throws Exception {
        Piece piece = piece();
        Files.write(temp.resolve("weights"), new byte[20_010]);
        WeightFiles.Chunk chunk = WeightFiles.chunks(piece, 1 << 20).getFirst();
        try (WeightFiles files = new WeightFiles(); Arena arena = Arena.ofConfined()) {
            MemorySegment into = arena.allocate(chunk.bytes());
            assertThatThrownBy(() -> files.read(chunk, into)).isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("weights").hasMessageContaining("truncated");
        }
    }
}
