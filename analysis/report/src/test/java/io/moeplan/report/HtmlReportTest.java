package io.moeplan.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.statistics.Analyzer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class HtmlReportTest {
    private static final String SMALL = HtmlReport.render(Synthetic.small());

    @Test
    void everySectionIsThereWithHeadingsInOrder() {
        assertThat(headings(SMALL)).containsExactly("h1 Load this plan.", "h2 Load of every expert",
                "h2 GPU load before and after", "h3 All layers together", "h3 The worst layers", "h2 Balance per layer",
                "h2 Difference between tags", "h2 Drift over steps", "h2 Balance by every definition in use",
                "h2 Plan certificate", "h2 Skew per layer", "h2 What this report does not say");
    }

    @Test
    void withoutAPlanItIsAboutTheRecording() {
        ReportModel small = Synthetic.small();
        String html = HtmlReport
                .render(new ReportModel(small.run(), small.analysis(), small.heatMap(), Optional.empty()));
        assertThat(headings(html)).containsExactly("h1 Experts are loaded unevenly.", "h2 Load of every expert",
                "h2 Difference between tags", "h2 Drift over steps", "h2 Skew per layer",
                "h2 What this report does not say");
    }

    private static List<String> headings(String html) {
        return Pattern.compile("<(h[1-6])>(.*?)</h").matcher(html).results().map(m -> m.group(1) + " " + m.group(2))
                .toList();
    }

    @Test
    void nothingIsLoadedFromElsewhere() {
        for (String html : List.of(SMALL, HtmlReport.render(Hostile.model()))) {
            assertThat(html).doesNotContainPattern("(?i)https?://|<link|<img|<iframe|@import|url\\(|\\ssrc=|\\shref=")
                    .contains("default-src 'none'");
        }
    }

    @Test
    void foreignTextIsEscapedEverywhere() {
        String html = HtmlReport.render(Hostile.model());
        assertThat(html).doesNotContain("<script>alert", "\u001b", "\u202e", "alert(\"x\")")
                .contains("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;?[31m");
        assertThat(Pattern.compile("<script").matcher(html).results()).hasSize(1);
        assertThat(html).contains("This recording is incomplete");
    }

    @Test
    void everyTagIsClosed() {
        for (String html : List.of(SMALL, HtmlReport.render(Hostile.model()))) {
            for (String tag : List.of("section", "div", "p", "table", "tr", "td", "th", "svg", "figure", "figcaption",
                    "title", "details", "ul", "li", "dl", "dt", "dd", "span", "g", "main", "header", "rect")) {
                long opened = count(html, "<" + tag + "[ >]") - count(html, "<" + tag + "( [^>]*)?/>");
                assertThat(count(html, "</" + tag + ">")).as(tag).isEqualTo(opened);
            }
        }
    }

    private static long count(String html, String pattern) {
        return Pattern.compile(pattern).matcher(html).results().count();
    }

    @Test
    void idsAreUniqueAndLabelsPointAtThem() {
        List<String> ids = Pattern.compile(" id=\"([^\"]+)\"").matcher(SMALL).results().map(m -> m.group(1)).toList();
        assertThat(ids).doesNotHaveDuplicates();
        assertThat(Pattern.compile("aria-labelledby=\"([^\"]+)\"").matcher(SMALL).results().map(m -> m.group(1)))
                .isNotEmpty().isSubsetOf(ids);
        assertThat(SMALL).contains("<html lang=\"en\">", "<title>Qwen-tiny-moe: expert load report</title>");
    }

    @Test
    void equalModelsGiveEqualBytes() {
        assertThat(HtmlReport.render(Synthetic.small())).isEqualTo(SMALL);
        assertThat(SMALL).doesNotContain("NaN", "Infinity", "null");
    }

    @Test
    void theHeatMapIsReachedByKeyboardAndReadOut() {
        assertThat(SMALL).contains("\"tabindex\", \"0\"", "ArrowLeft", "ArrowDown", "\"aria-live\", \"polite\"",
                "svg:focus-visible");
    }

    @Test
    void theHeatMapIsCompactAndTellsItsCells() {
        ReportModel medium = Synthetic.medium();
        String map = HeatMapChart.render(medium.heatMap());
        assertThat(map.length()).isLessThan(400_000);
        MatchResult data = Pattern.compile("data-loads=\"([^\"]+)\"").matcher(map).results().findFirst().orElseThrow();
        String[] rows = data.group(1).split(";", -1);
        assertThat(rows).hasSize(48);
        String[] cells = rows[5].split(",", -1);
        assertThat(cells).hasSize(128);
        assertThat(Long.parseLong(cells[7], 36)).isEqualTo(Math.round(100 * medium.heatMap().relative(5)[7]));
    }

    @Test
    void anEmptyRecordingStillRenders() {
        LoadTrace empty = new LoadTrace(new int[]{0}, 4, List.of());
        ReportModel model = ReportModel.of(Synthetic.small().run(), Analyzer.analyze(empty, Map.of()), empty,
                Optional.empty());
        assertThat(HtmlReport.render(model)).contains("no load", "It takes at least 3 steps").doesNotContain("NaN");
        assertThat(TextReport.full(model)).doesNotContain("NaN");
        assertThat(JsonReport.full(model)).doesNotContain("NaN");
        assertThat(CsvReport.analysis(model.analysis())).doesNotContain("NaN");
    }

    /** Fixed points of matplotlib's table: {@code #440154}, {@code #21918c} (21908d in the middle), {@code #fde725}. */
    @Test
    void coloursAreThoseOfViridis() {
        assertThat(distance(Viridis.at(0), 0x440154)).isLessThan(8);
        assertThat(distance(Viridis.at(0.5), 0x21918c)).isLessThan(8);
        assertThat(distance(Viridis.at(1), 0xfde725)).isLessThan(8);
    }

    private static int distance(String colour, int expected) {
        int actual = Integer.parseInt(colour.substring(1), 16);
        int distance = 0;
        for (int shift = 0; shift <= 16; shift += 8) {
            distance = Math.max(distance, Math.abs((actual >> shift & 0xff) - (expected >> shift & 0xff)));
        }
        return distance;
    }

    @Test
    void ticksAreRoundAndWithin() {
        assertThat(Svg.ticks(1, 2.2, 5)).extracting(Svg::label).containsExactly("1", "1.5", "2");
        assertThat(Svg.ticks(-0.2, 1, 5)).extracting(Svg::label).containsExactly("0", "0.5", "1");
        assertThat(Svg.n(-0.001)).isEqualTo("0");
        assertThat(Svg.n(12.3456)).isEqualTo("12.35");
    }
}
