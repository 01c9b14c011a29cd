package io.moeplan.report;

import static io.moeplan.report.Html.escape;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/**
 * The report as one HTML file: nothing is loaded, and its content policy forbids it; charts are SVG; the script only adds
 * a readout to the heat map. Equal models give equal bytes. All text of the model is escaped.
 */
public final class HtmlReport {
    private HtmlReport() {}

    /**
     * Renders and writes the report; see {@link ReportFile#write}.
     *
     * @throws IOException if the file cannot be written; the message names it
     */
    public static void write(ReportModel model, Path target) throws IOException {
        ReportFile.write(target, render(model));
    }

    /** The whole page. */
    public static String render(ReportModel model) {
        String script = Html.resource("report.js");
        StringBuilder page = new StringBuilder();
        page.append("""
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
                style-src 'unsafe-inline'; script-src 'sha256-%s'">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                <title>%s: expert load report</title>
                <style>
                """.formatted(digest(script), escape(model.run().model().name())));
        page.append(Html.resource("report.css")).append("</style>\n</head>\n<body>\n");
        page.append(HeadHtml.render(model)).append("<main>\n").append(LoadHtml.heatMap(model));
        model.plan().ifPresent(plan -> page.append(PlanHtml.gpuLoad(plan)).append(PlanHtml.layers(plan)));
        page.append(LoadHtml.tags(model)).append(LoadHtml.drift(model.analysis()));
        model.plan().ifPresent(plan -> page.append(PlanHtml.definitions(plan)).append(PlanHtml.certificate(plan)));
        page.append(LoadHtml.skew(model.analysis())).append(LimitsHtml.render(model));
        page.append("</main>\n<footer>Made by moeplan ").append(escape(model.run().toolVersion()))
                .append(". This file loads nothing from elsewhere.</footer>\n");
        return page.append("<script>").append(script).append("</script>\n</body>\n</html>\n").toString();
    }

    /** What the content policy knows the one script by, so that no other can run. */
    private static String digest(String script) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(script.getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
