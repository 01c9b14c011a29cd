package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.engine.cuda.Deliveries.Delivery;
import io.moeplan.engine.cuda.Deliveries.DeliveryException;
import io.moeplan.engine.cuda.WeightFiles.Chunk;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Threads bring chunks to two areas, and each piece is whole and the right one when it is used. */
@Timeout(60)
final class DeliveriesTest {
    private static final int AREAS = 2;

    private static List<List<Chunk>> pieces(Random random) {
        List<List<Chunk>> pieces = new ArrayList<>();
        for (int piece = 0; piece < 7; piece++) {
            List<Chunk> chunks = new ArrayList<>();
            for (int chunk = 0; chunk <= random.nextInt(9); chunk++) {
                chunks.add(new Chunk(chunk, 1, List.of()));
            }
            pieces.add(chunks);
        }
        return pieces;
    }

    /** What lies at each place of each area: the number of the piece that it belongs to. */
    private final AtomicLongArray memory = new AtomicLongArray(AREAS * 9);

    private void deliver(Deliveries deliveries) {
        try {
            for (Delivery next = deliveries.next(); next != null; next = deliveries.next()) {
                if (!deliveries.awaitRoom(next)) {
                    return;
                }
                memory.set(next.area() * 9 + (int) next.chunk().at(), next.piece());
                deliveries.sent(next);
            }
        } catch (InterruptedException e) {
            deliveries.fail(e);
        }
    }

    @Test
    void everyPieceIsWholeInItsArea() throws Exception {
        for (int threads : new int[]{1, 2, 9}) {
            List<List<Chunk>> pieces = pieces(new Random(threads));
            int passes = 300;
            Deliveries deliveries = new Deliveries(pieces, passes, AREAS);
            List<Thread> readers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                readers.add(Thread.ofPlatform().start(() -> deliver(deliveries)));
            }
            for (long number = 0; number < (long) passes * pieces.size(); number++) {
                int area = deliveries.await(number);
                for (int at = 0; at < pieces.get((int) (number % pieces.size())).size(); at++) {
                    assertThat(memory.get(area * 9 + at)).isEqualTo(number);
                }
                deliveries.release();
            }
            for (Thread reader : readers) {
                reader.join();
            }
        }
    }

    /** The stream waits once for whoever used an area, before anything of the next piece is copied there. */
    @Test
    void oneChunkIsTheFirstAndOneTheLast() throws Exception {
        List<List<Chunk>> pieces = List.of(pieces(new Random(3)).getFirst(), List.of(new Chunk(0, 1, List.of())));
        Deliveries deliveries = new Deliveries(pieces, 2, AREAS);
        for (long number = 0; number < 4; number++) {
            int count = pieces.get((int) number % 2).size();
            for (int chunk = 0; chunk < count; chunk++) {
                Delivery next = deliveries.next();
                assertThat(next.piece()).isEqualTo(number);
                assertThat(deliveries.awaitRoom(next)).isTrue();
                assertThat(deliveries.isFirst(next)).isEqualTo(chunk == 0);
                assertThat(deliveries.isLast(next)).isEqualTo(chunk == count - 1);
                deliveries.sent(next);
            }
            assertThat(deliveries.await(number)).isEqualTo((int) number % AREAS);
            deliveries.release();
        }
        assertThat(deliveries.next()).isNull();
    }

    @Test
    void aFailureIsToldInsteadOfThePieceAndEndsTheOthers() throws Exception {
        Deliveries deliveries = new Deliveries(pieces(new Random(5)), 1, AREAS);
        Thread waiting = Thread.ofPlatform().start(() -> deliver(deliveries));
        Delivery lost = deliveries.next();
        deliveries.fail(new IOException("the disk is gone"));
        deliveries.fail(new IOException("told too late"));
        assertThatThrownBy(() -> deliveries.await(lost == null ? 0 : lost.piece()))
                .isInstanceOf(DeliveryException.class).hasRootCauseMessage("the disk is gone");
        waiting.join();
        assertThat(deliveries.next()).isNull();
    }
}
