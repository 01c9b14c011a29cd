package io.moeplan.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** A table of aligned columns for the terminal, two spaces apart; numbers to the right, names to the left. */
final class TextTable {
    private final String[] header;
    private final boolean[] left;
    private final List<String[]> rows = new ArrayList<>();

    /** Column titles; one that starts with {@code <} is a column of names, aligned to the left. */
    TextTable(String... titles) {
        header = Arrays.stream(titles).map(title -> title.startsWith("<") ? title.substring(1) : title)
                .toArray(String[]::new);
        left = new boolean[titles.length];
        for (int i = 0; i < titles.length; i++) {
            left[i] = titles[i].startsWith("<");
        }
        rows.add(header);
    }

    void row(String... cells) {
        if (cells.length != header.length) {
            throw new IllegalArgumentException(cells.length + " cells in a table of " + header.length + " columns");
        }
        rows.add(cells);
    }

    /** The table, every line ended. */
    String render() {
        int[] widths = IntStream.range(0, header.length)
                .map(i -> rows.stream().mapToInt(row -> row[i].codePointCount(0, row[i].length())).max().orElse(0))
                .toArray();
        StringBuilder text = new StringBuilder();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.length; i++) {
                String padding = " ".repeat(widths[i] - row[i].codePointCount(0, row[i].length()));
                line.append(i == 0 ? "" : "  ").append(left[i] ? row[i] + padding : padding + row[i]);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
