package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.backend.Routing;
import io.moeplan.engine.backend.Wanted;
import io.moeplan.engine.cuda.Report.Part;
import io.moeplan.engine.cuda.kernels.PassCounts;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the host asks a GPU for, and how it reads that. */
final class ReportTest {
    private static final Routed ROUTED = new Routed(1000, 2000, 3000, 4000, 5000, 6000);
    private static final int TOP_K = 3;
    /** Of three tokens: an odd number. */
    private static final int PAIRS = 9;

    /** Remembers the last layer. */
    private static final class Last implements Wanted.Counts {
        private final boolean weighted;
        private Routing routing;
        private int[] counts;

        Last(boolean weighted) {
            this.weighted = weighted;
        }

        @Override
        public boolean weighted() {
            return weighted;
        }

        @Override
        public void choices(Routing told) {
            routing = told;
        }

        @Override
        public int[] starts() {
            return new int[]{0, 1, 3};
        }

        @Override
        public void counts(MemorySegment told) {
            counts = told.toArray(ValueLayout.JAVA_INT);
        }
    }

    private static Report.OfTokens report(Last wanted) {
        return new Report.OfTokens(wanted,
                new Routing(TOP_K, new char[PAIRS], new float[wanted.weighted() ? PAIRS : 0]));
    }

    @Test
    void weightsComeOnlyIfTheyAreWanted() {
        Part ids = new Part(ROUTED.packed(), 2 * PAIRS);
        assertThat(report(new Last(false)).queue(null, ROUTED)).containsExactly(ids);
        assertThat(report(new Last(true)).queue(null, ROUTED))
                .containsExactly(new Part(ROUTED.weights(), 4 * PAIRS), ids);
        assertThat(new Report.Nothing().queue(null, ROUTED)).isEmpty();
    }

    @Test
    void choicesAreReadFromWhereTheirPartsCome() {
        for (boolean weighted : new boolean[]{false, true}) {
            Last wanted = new Last(weighted);
            Report.OfTokens report = report(wanted);
            List<Part> parts = report.queue(null, ROUTED);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment host = arena.allocate(parts.stream().mapToLong(Part::bytes).sum(), 64);
                int ids = weighted ? 4 * PAIRS : 0;
                for (int i = 0; i < PAIRS; i++) {
                    host.setAtIndex(ValueLayout.JAVA_CHAR, ids / 2 + i, (char) (60_000 + i));
                    if (weighted) {
                        host.setAtIndex(ValueLayout.JAVA_FLOAT, i, i / 8f);
                    }
                }
                report.tell(host);
            }
            assertThat(wanted.routing.topK()).isEqualTo(TOP_K);
            assertThat(wanted.routing.weights()).hasSize(weighted ? PAIRS : 0);
            for (int i = 0; i < PAIRS; i++) {
                assertThat((int) wanted.routing.experts()[i]).isEqualTo(60_000 + i);
                assertThat(!weighted || wanted.routing.weights()[i] == i / 8f).isTrue();
            }
        }
    }

    @Test
    void countsAreReadWithoutWhatIsBehindThem() {
        Last wanted = new Last(false);
        PassCounts.Passes passes = PassCounts.Passes.of(wanted.starts(), 7000);
        assertThat(passes).isEqualTo(new PassCounts.Passes(2, 2, 7000));
        Report report = new Report.OfPasses(wanted, null, passes, 8000, PassCounts.bytes(2, 2));
        try (Arena arena = Arena.ofConfined()) {
            report.tell(arena.allocateFrom(ValueLayout.JAVA_INT, 1, 2, 4, 2, 99, 99));
        }
        assertThat(wanted.counts).containsExactly(1, 2, 4, 2);
    }
}
