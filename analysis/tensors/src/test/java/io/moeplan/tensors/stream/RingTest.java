package io.moeplan.tensors.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class RingTest {
    private record Held(Ring.Piece piece, long from, long to) {}

    @Test
    void piecesNeverOverlapAndTheRingNeverJams() {
        Random random = new Random(7);
        for (int round = 0; round < 200; round++) {
            long capacity = 4096L * (2 + random.nextInt(10));
            Ring ring = new Ring(capacity);
            List<Held> held = new ArrayList<>();
            for (int step = 0; step < 200; step++) {
                long size = 1L + random.nextInt((int) capacity);
                Optional<Ring.Piece> piece = ring.take(size);
                if (piece.isPresent()) {
                    held.add(new Held(piece.get(), piece.get().from(), piece.get().from() + size));
                } else {
                    assertThat(held).isNotEmpty();
                    ring.giveBack(held.remove(random.nextInt(held.size())).piece());
                }
                assertApart(held, capacity);
            }
        }
    }

    private static void assertApart(List<Held> held, long capacity) {
        List<Held> inOrder = held.stream().sorted(Comparator.comparingLong(Held::from)).toList();
        long end = 0;
        for (Held one : inOrder) {
            assertThat(one.from()).isGreaterThanOrEqualTo(end);
            end = one.to();
        }
        assertThat(end).isLessThanOrEqualTo(capacity);
    }
}
