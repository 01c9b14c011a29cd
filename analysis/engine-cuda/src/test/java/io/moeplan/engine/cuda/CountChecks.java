package io.moeplan.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.kernels.PassCounts;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Counts of passes, against a plain loop. */
final class CountChecks {
    /** Ints behind the counts, which are not to be written. */
    private static final int BEHIND = 64;

    private CountChecks() {}

    static void counting(OnDevice on) {
        counting(on, 8, 1, 1, 0, 1);
        // One pass that all blocks share, and less than a block's threads.
        counting(on, 128, 8, 65_536, 0, 65_536);
        counting(on, 128, 8, 31, 0, 31);
        // Tokens before the first pass and after the last, a pass of one token, boundaries anywhere.
        counting(on, 256, 8, 9001, 3, 4, 1003, 1004, 8990);
        counting(on, 1024, 32, 701, 1, 2, 699);
        counting(on, 13, 3, 4099, 5, 4099);
        // Passes that have a block each.
        counting(on, 256, 8, 65_536, IntStream.rangeClosed(0, 1024).map(p -> 64 * p).toArray());
        counting(on, 1024, 6, 9001, IntStream.range(0, 1285).map(p -> 6 + 7 * p).toArray());
        counting(on, 16, 4, 5000, IntStream.rangeClosed(0, 5000).toArray());
    }

    /** Two layers one after the other into the same counts. */
    private static void counting(OnDevice on, int experts, int topK, int tokens, int... starts) {
        PassCounts kernel = new PassCounts(on.cuda, on.kernels, experts, topK);
        PassCounts.Passes passes = PassCounts.Passes.of(starts, on.ints(starts));
        DeviceBuffer counts = on.room(PassCounts.bytes(passes.count(), experts) + 4 * BEHIND);
        for (int layer = 0; layer < 2; layer++) {
            int[] ids = on.random.ints((long) tokens * topK, 0, experts).map(e -> e * e / experts).toArray();
            int[] want = new int[passes.count() * experts + BEHIND];
            Arrays.fill(want, want.length - BEHIND, want.length, -1);
            for (int p = 0; p < passes.count(); p++) {
                for (int i = starts[p] * topK; i < starts[p + 1] * topK; i++) {
                    want[p * experts + ids[i]]++;
                }
            }
            kernel.count(on.stream, passes, on.bytes(packed(ids)), counts.address());
            assertThat(on.readInts(counts)).as("%d passes over %d experts", passes.count(), experts).isEqualTo(want);
        }
        System.out.printf("counted %d passes over %d experts%n", passes.count(), experts);
    }

    private static byte[] packed(int[] ids) {
        byte[] packed = new byte[2 * ids.length];
        for (int i = 0; i < ids.length; i++) {
            packed[2 * i] = (byte) ids[i];
            packed[2 * i + 1] = (byte) (ids[i] >> 8);
        }
        return packed;
    }
}
