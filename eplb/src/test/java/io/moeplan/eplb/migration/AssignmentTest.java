package io.moeplan.eplb.migration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AssignmentTest {
    @Test
    void noPermutationIsBetter() {
        Random random = new Random(1);
        for (int i = 0; i < 500; i++) {
            int n = 1 + random.nextInt(6);
            long[][] profit = new long[n][];
            for (int row = 0; row < n; row++) {
                profit[row] = random.longs(n, i % 2 == 0 ? -50 : 0, i % 3 == 0 ? 3 : 50).toArray();
            }
            int[] columns = Assignment.best(profit);
            assertThat(Arrays.stream(columns).distinct().count()).isEqualTo(n);
            long sum = IntStream.range(0, n).mapToLong(row -> profit[row][columns[row]]).sum();
            assertThat(sum).isEqualTo(bestByTrying(profit, 0, new boolean[n]));
        }
    }

    private static long bestByTrying(long[][] profit, int row, boolean[] taken) {
        if (row == profit.length) {
            return 0;
        }
        long best = Long.MIN_VALUE;
        for (int column = 0; column < taken.length; column++) {
            if (!taken[column]) {
                taken[column] = true;
                best = Math.max(best, profit[row][column] + bestByTrying(profit, row + 1, taken));
                taken[column] = false;
            }
        }
        return best;
    }

    @Test
    void aShuffledDiagonalOf320IsFound() {
        int n = 320;
        int[] order = IntStream.range(0, n).toArray();
        Random random = new Random(2);
        for (int i = n - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        long[][] profit = new long[n][];
        for (int row = 0; row < n; row++) {
            profit[row] = random.longs(n, 0, 5).toArray();
            profit[row][order[row]] = 9;
        }
        assertThat(Assignment.best(profit)).isEqualTo(order);
    }
}
