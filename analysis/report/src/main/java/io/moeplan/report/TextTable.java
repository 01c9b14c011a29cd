package io.moeplan.report;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** A table of aligned columns for the terminal, two spaces apart; numbers to the right, names to the left. */
final class TextTable {
    private final String alignment;
    private final List<String[]> rows = new ArrayList<>();

    /** @param alignment {@code l} or {@code r} for each column */
    TextTable(String alignment, String... titles) {
        this.alignment = alignment;
        row(titles);
    }

    void row(String... cells) {
        if (cells.length != alignment.length()) {
            throw new IllegalArgumentException(
                    cells.length + " cells in a table of " + alignment.length() + " columns");
        }
        rows.add(cells);
    }

    /** The table, every line ended. */
    String render() {
        int[] widths = IntStream.range(0, alignment.length())
                .map(i -> rows.stream().mapToInt(row -> row[i].codePointCount(0, row[i].length())).max().orElse(0))
                .toArray();
        StringBuilder text = new StringBuilder();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.length; i++) {
                String padding = " ".repeat(widths[i] - row[i].codePointCount(0, row[i].length()));
                line.append(i == 0 ? "" : "  ")
                        .append(alignment.charAt(i) == 'l' ? row[i] + padding : padding + row[i]);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
