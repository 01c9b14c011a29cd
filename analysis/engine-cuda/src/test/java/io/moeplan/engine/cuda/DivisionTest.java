package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.weights.Piece;
import io.moeplan.engine.cuda.weights.Piece.Part;
import io.moeplan.engine.cuda.weights.Pieces;
import io.moeplan.engine.cuda.weights.Place;
import io.moeplan.engine.model.Model;
import io.moeplan.tensors.Checkpoint;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How memory is divided, and weights with it. */
final class DivisionTest {
    private static Model model(Checkpoint checkpoint) throws IOException {
        return Model.load(checkpoint);
    }

    @Test
    void whatFitsStays() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Gpu.fixtures().resolve("gpt_oss_mxfp4"))) {
            Model model = model(checkpoint);
            assertThat(Division.of(model, NumberType.FP16, 1L << 30, false).place()).isEqualTo(Place.UNPACKED);
            assertThat(Division.of(model, NumberType.FP16, 20_000, false).place()).isEqualTo(Place.STREAMED);
        }
    }

    @Test
    void batchesHoldEveryExpertOnce() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Gpu.fixtures().resolve("deepseek_v3"))) {
            Model model = model(checkpoint);
            Pieces pieces = new Pieces(model, NumberType.FP16, 40_000, false);
            List<Piece> batches = pieces.of(1, Part.EXPERTS);
            assertThat(batches).hasSizeGreaterThan(2);
            HashSet<Integer> experts = new HashSet<>();
            for (Piece batch : batches) {
                assertThat(batch.bytes()).isLessThanOrEqualTo(40_000 + 512);
                for (int e = batch.first(); e < batch.first() + batch.count(); e++) {
                    assertThat(experts.add(e)).isTrue();
                }
            }
            assertThat(experts).hasSize(model.info().experts());
            assertThat(pieces.embedding().stream().mapToInt(Piece::count).sum())
                    .isEqualTo(model.architecture().vocabulary());
            assertThat(pieces.used(3, true).getLast().part()).isEqualTo(Part.ROUTER);
        }
    }
}
