package io.moeplan.cli;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Origin;
import io.moeplan.recording.Recording;
import io.moeplan.recording.RequestRow;
import io.moeplan.recording.Timing;
import io.moeplan.report.RunFacts;
import java.io.IOException;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What a recording's manifest says, in the words of plans and reports. */
final class Facts {
    private Facts() {}

    static PlanProblem problem(DeploymentOptions deployment, Manifest manifest) {
        return deployment.problem(manifest.numExperts(), manifest.numGroups());
    }

    static Plan.Model model(Manifest manifest) {
        return new Plan.Model(manifest.model().name(), manifest.model().modelType(), manifest.numExperts(),
                manifest.topK(), manifest.numGroups());
    }

    static RunFacts run(Recording recording, LoadTrace trace) throws IOException {
        Manifest manifest = recording.manifest();
        RunFacts.Model model = new RunFacts.Model(manifest.model().name(), manifest.model().modelType(),
                manifest.layers(), manifest.numExperts(), manifest.topK());
        List<RequestRow> requests = recording.requests();
        RunFacts.Workload workload = new RunFacts.Workload(manifest.workloadDigest(), requests.size(), trace.tokens(),
                trace.steps().size(), tags(requests));
        return new RunFacts(manifest.toolVersion(), model, source(manifest), workload, timing(manifest.timing()),
                manifest.complete());
    }

    private static RunFacts.Source source(Manifest manifest) {
        String mode = manifest.mode().label();
        return switch (manifest.origin()) {
            case Origin.Engine(String engine, String device, String precision) ->
                new RunFacts.Source(engine, device, precision, mode);
            case Origin.Import imported -> new RunFacts.Source(imported.importer(), null, null, mode);
        };
    }

    private static RunFacts.Timing timing(Timing timing) {
        return timing == null
                ? null
                : new RunFacts.Timing(timing.loadSeconds(), timing.prefillSeconds(), timing.tokensPerSecond());
    }

    private static List<RunFacts.TagRequests> tags(List<RequestRow> requests) {
        return requests.stream().filter(request -> request.tag() != null)
                .collect(Collectors.groupingBy(RequestRow::tag, TreeMap::new, Collectors.summingInt(request -> 1)))
                .entrySet().stream().map(tag -> new RunFacts.TagRequests(tag.getKey(), tag.getValue())).toList();
    }
}
