package io.moeplan.report;

import static io.moeplan.report.Numbers.count;
import static io.moeplan.report.Numbers.integer;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One line of the run facts, as name and value; the value is not escaped yet. */
record Fact(String name, String value) {
    /** All facts that are known, in the order to show them. */
    static List<Fact> of(RunFacts run) {
        RunFacts.Model model = run.model();
        RunFacts.Source source = run.source();
        RunFacts.Workload workload = run.workload();
        List<Fact> facts = new ArrayList<>();
        facts.add(new Fact("Model", model.type() == null ? model.name() : model.name() + " (" + model.type() + ")"));
        facts.add(new Fact("Shape", count(model.layers(), "MoE layer") + ", " + count(model.experts(), "expert")
                + " each, top-" + model.topK()));
        facts.add(new Fact("Recorded by", Stream.of(source.engine(), source.device(), source.precision())
                .filter(Objects::nonNull).collect(Collectors.joining(", "))));
        if (source.mode() != null) {
            facts.add(new Fact("Mode", source.mode()));
        }
        String requests = workload.requests() > 0 ? count(workload.requests(), "request") + ", " : "";
        facts.add(new Fact("Workload",
                requests + count(workload.tokens(), "token") + ", " + count(workload.steps(), "step")));
        if (workload.digest() != null) {
            facts.add(new Fact("File digest", workload.digest()));
        }
        if (run.timing() != null) {
            facts.add(new Fact("Time", "load " + Numbers.seconds(run.timing().loadSeconds()) + ", prefill "
                    + Numbers.seconds(run.timing().prefillSeconds())));
            facts.add(new Fact("Speed", integer(Math.round(run.timing().tokensPerSecond())) + " tokens/s"));
        }
        facts.add(new Fact("Complete", run.complete() ? "yes" : "no: recording was cut short, this is what was saved"));
        facts.add(new Fact("Tool", "moeplan " + run.toolVersion()));
        return facts;
    }
}
