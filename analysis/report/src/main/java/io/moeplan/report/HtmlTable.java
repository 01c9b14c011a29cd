package io.moeplan.report;

import static io.moeplan.report.Html.escape;

import java.util.ArrayList;
import java.util.List;

/** A table in HTML; the first column names the row. Cells are escaped. */
final class HtmlTable {
    private static final int LONG = 16;

    private final String alignment;
    private final String head;
    private final List<String> rows = new ArrayList<>();

    /** @param alignment {@code l} or {@code r} for each column; those to the left may wrap */
    HtmlTable(String alignment, String... titles) {
        this.alignment = alignment;
        StringBuilder html = new StringBuilder("<thead><tr>");
        for (int i = 0; i < titles.length; i++) {
            html.append("<th scope=\"col\"").append(style(i)).append(escape(titles[i])).append("</th>");
        }
        head = html.append("</tr></thead>\n").toString();
    }

    private HtmlTable(HtmlTable whole, List<String> rows) {
        this.alignment = whole.alignment;
        this.head = whole.head;
        this.rows.addAll(rows);
    }

    void row(String... cells) {
        StringBuilder html = new StringBuilder("<tr>");
        for (int i = 0; i < cells.length; i++) {
            html.append(i == 0 ? "<th scope=\"row\"" : "<td").append(style(i)).append(escape(cells[i]))
                    .append(i == 0 ? "</th>" : "</td>");
        }
        rows.add(html.append("</tr>\n").toString());
    }

    private String style(int column) {
        return alignment.charAt(column) == 'l' ? " class=\"name\">" : ">";
    }

    /** Puts ready HTML as one more cell at the end of the last row. */
    void chart(String svg) {
        String last = rows.removeLast();
        rows.add(last.replace("</tr>", "<td class=\"bar\">" + svg + "</td></tr>"));
    }

    String render() {
        return "<div class=\"scroll\"><table>\n" + head + "<tbody>\n" + String.join("", rows)
                + "</tbody></table></div>\n";
    }

    /** The same in two halves side by side where there is room, for long and narrow tables. */
    String renderHalves() {
        if (rows.size() < LONG) {
            return render();
        }
        int half = (rows.size() + 1) / 2;
        HtmlTable left = new HtmlTable(this, rows.subList(0, half));
        HtmlTable right = new HtmlTable(this, rows.subList(half, rows.size()));
        return "<div class=\"halves\">\n" + left.render() + right.render() + "</div>\n";
    }
}
