package io.moeplan.report;

import static io.moeplan.report.Terminal.clean;
import static io.moeplan.report.Terminal.fit;

import java.util.ArrayList;
import java.util.List;

/** Run facts for the terminal. */
final class RunText {
    private static final int NAME_WIDTH = 12;

    private RunText() {}

    static String render(RunFacts run) {
        StringBuilder text = new StringBuilder();
        for (Fact fact : Fact.of(run)) {
            String value = fit(clean(fact.value()), Terminal.WIDTH - NAME_WIDTH);
            text.append(fact.name()).append(" ".repeat(NAME_WIDTH - fact.name().length())).append(value).append('\n');
        }
        List<String> tags = new ArrayList<>();
        for (RunFacts.TagRequests tag : run.workload().tags()) {
            tags.add(fit(clean(tag.tag()), 40) + " (" + Numbers.integer(tag.requests()) + ")");
        }
        if (!tags.isEmpty()) {
            String wrapped = Terminal.wrap(String.join(", ", tags), NAME_WIDTH);
            text.append("Tags").append(wrapped.substring("Tags".length()));
        }
        return text.toString();
    }
}
