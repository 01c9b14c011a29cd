package io.moeplan.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Writes sample reports into a directory, to look at: {@code ReportPreview DIR}. */
public final class ReportPreview {
    private ReportPreview() {}

    public static void main(String[] args) throws IOException {
        Path directory = Path.of(args[0]);
        ReportModel small = Synthetic.small();
        HtmlReport.write(small, directory.resolve("small.html"));
        ReportFile.write(directory.resolve("small.txt"), TextReport.full(small));
        ReportFile.write(directory.resolve("small.json"), JsonReport.full(small));
        HtmlReport.write(new ReportModel(small.run(), small.analysis(), small.heatMap(), Optional.empty()),
                directory.resolve("recording-only.html"));
        HtmlReport.write(Synthetic.medium(), directory.resolve("medium.html"));
        ReportModel large = Synthetic.large();
        HtmlReport.write(large, directory.resolve("large.html"));
        ReportFile.write(directory.resolve("large.txt"), TextReport.full(large));
    }
}
