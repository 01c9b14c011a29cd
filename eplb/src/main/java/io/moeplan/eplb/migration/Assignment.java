package io.moeplan.eplb.migration;

import java.util.Arrays;

/**
 * The assignment problem, solved exactly in O(n³) by shortest augmenting paths with potentials (R. Jonker and A. Volgenant,
 * "A shortest augmenting path algorithm for dense and sparse linear assignment problems", Computing 38, 1987).
 */
final class Assignment {
    private Assignment() {}

    /**
     * Gives each row a column of its own so that the sum of profits is largest.
     *
     * @param profit {@code [n][n]}; magnitudes well below 2^62 / n
     * @return the column of each row, {@code [n]}
     */
    static int[] best(long[][] profit) {
        int n = profit.length;
        // Row and column 0 stand for "none": an added row starts its path at column 0.
        long[] rowPotential = new long[n + 1];
        long[] columnPotential = new long[n + 1];
        int[] rowOf = new int[n + 1];
        int[] before = new int[n + 1];
        for (int row = 1; row <= n; row++) {
            int end = shortestPath(profit, row, rowOf, before, rowPotential, columnPotential);
            // Along the path every column hands its row to the next, so that the added row finds room.
            while (end != 0) {
                int previous = before[end];
                rowOf[end] = rowOf[previous];
                end = previous;
            }
        }
        int[] columnOf = new int[n];
        for (int column = 1; column <= n; column++) {
            columnOf[rowOf[column] - 1] = column - 1;
        }
        return columnOf;
    }

    /** Dijkstra from a row without column to the nearest free column, by reduced costs; returns that column. */
    private static int shortestPath(long[][] profit, int row, int[] rowOf, int[] before, long[] rowPotential,
            long[] columnPotential) {
        int n = profit.length;
        long[] distance = new long[n + 1];
        boolean[] done = new boolean[n + 1];
        Arrays.fill(distance, Long.MAX_VALUE);
        rowOf[0] = row;
        int column = 0;
        while (rowOf[column] != 0) {
            done[column] = true;
            int from = rowOf[column];
            long step = Long.MAX_VALUE;
            int nearest = 0;
            for (int next = 1; next <= n; next++) {
                if (done[next]) {
                    continue;
                }
                long reduced = -profit[from - 1][next - 1] - rowPotential[from] - columnPotential[next];
                if (reduced < distance[next]) {
                    distance[next] = reduced;
                    before[next] = column;
                }
                if (distance[next] < step) {
                    step = distance[next];
                    nearest = next;
                }
            }
            for (int c = 0; c <= n; c++) {
                if (done[c]) {
                    rowPotential[rowOf[c]] += step;
                    columnPotential[c] -= step;
                } else if (distance[c] != Long.MAX_VALUE) {
                    distance[c] -= step;
                }
            }
            column = nearest;
        }
        return column;
    }
}
