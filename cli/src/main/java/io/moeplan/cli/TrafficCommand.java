package io.moeplan.cli;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.TokenTrace;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.replay.ReplaySplit;
import io.moeplan.eplb.traffic.RankCosts;
import io.moeplan.eplb.traffic.RankCostsFile;
import io.moeplan.eplb.traffic.TokenSources;
import io.moeplan.eplb.traffic.Traffic;
import io.moeplan.recording.Recording;
import io.moeplan.report.TrafficRendering;
import io.moeplan.report.TrafficReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code moeplan traffic REC --plan FILE}: how far tokens travel under a plan. */
@Command(name = "traffic", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Says how many GPUs and nodes the tokens of a per-token recording are sent to under plans.")
final class TrafficCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private RecordingArgument recording;

    @Option(names = "--plan", paramLabel = PlanArgument.LABEL, required = true, arity = "1..*",
            converter = PlanArgument.Reader.class,
            description = "Plan files; or what is loaded now, as " + PlanArgument.MAPS + ".")
    private List<PlanArgument> plans;

    @Mixin
    private MapDeployment deployment;

    @Mixin
    private DispatchOption dispatch;

    @Option(names = "--rank-costs", paramLabel = "FILE", description = "What it costs to send a token from one GPU to"
            + " another, in any unit: a square matrix [from][to] as JSON, or as CSV with a row for each GPU it comes"
            + " from. With it, the expected cost per token is worked out.")
    private Path rankCosts;

    @Option(names = "--holdout", paramLabel = "SHARE",
            description = "Look at the requests after the steps that are left"
                    + " of the recording when this share is held out; 0 looks at all. Default: at the requests that the plan was"
                    + " not made on, if it was made on this recording; at all, if it was made on another or on all of it.")
    private Double holdout;

    @Mixin
    private FormatOption format;

    @Override
    public Integer call() throws IOException {
        Optional<RankCosts> costs = rankCosts == null ? Optional.empty() : Optional.of(RankCostsFile.read(rankCosts));
        Recording opened = recording.open();
        Function<Plan, ReplaySplit> requests = JudgedRequests.orPasses(recording, opened, holdout);
        List<TrafficReport> reports = new ArrayList<>();
        for (PlanArgument argument : plans) {
            Plan plan = deployment.read(argument, opened, recording);
            reports.add(report(plan, requests.apply(plan), costs));
        }
        format.print(spec.commandLine().getOut(),
                () -> reports.stream().map(TrafficRendering::text).collect(Collectors.joining("\n")),
                () -> TrafficRendering.json(reports), () -> TrafficRendering.csv(reports));
        return ExitCode.OK;
    }

    private TrafficReport report(Plan plan, ReplaySplit requests, Optional<RankCosts> costs) {
        TokenTrace tokens = requests.judged();
        Dispatch rule = dispatch.rule(plan);
        List<Layout> after = Traffic.layouts(tokens, plan);
        List<Layout> before = Traffic.contiguous(after);
        return new TrafficReport(plan, rule, tokens.layerIds(), tokens.tokens(), requests.fraction() > 0,
                Traffic.of(tokens, before, rule, TokenSources.even(), costs),
                Traffic.of(tokens, after, rule, TokenSources.even(), costs));
    }
}
