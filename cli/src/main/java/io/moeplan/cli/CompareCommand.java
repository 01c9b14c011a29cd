package io.moeplan.cli;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.SpareSlots;
import io.moeplan.eplb.TokenTrace;
import io.moeplan.eplb.compare.Comparison;
import io.moeplan.eplb.compare.ComparisonRow;
import io.moeplan.eplb.compare.Slots;
import io.moeplan.eplb.compare.Target;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.judge.HoldoutSplit;
import io.moeplan.eplb.judge.JudgedSteps;
import io.moeplan.eplb.planfile.PlanFile;
import io.moeplan.eplb.planner.Planner;
import io.moeplan.eplb.planner.Planners;
import io.moeplan.eplb.planner.SearchPlanner;
import io.moeplan.eplb.replay.ReplaySplit;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Recording;
import io.moeplan.recording.maps.EngineMap;
import io.moeplan.recording.maps.MapTarget;
import io.moeplan.report.ComparisonReport;
import io.moeplan.report.CsvReport;
import io.moeplan.report.JsonReport;
import io.moeplan.report.TextReport;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moeplan compare REC}: planners x redundancy x GPUs, what each is worth and what it costs. */
@Command(name = "compare", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Plans with every planner, redundancy and number of GPUs asked for, and says what each plan is"
                + " worth on steps it has not seen, what it costs, and whether to load it.")
final class CompareCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private RecordingArgument recording;

    @Option(names = "--nodes", paramLabel = "N", converter = AtLeastOne.class, defaultValue = "1",
            description = "Nodes. Default: ${DEFAULT-VALUE}.")
    private int nodes;

    @Option(names = "--gpus", paramLabel = "G", required = true, converter = AtLeastOne.class, split = ",",
            description = "GPUs over all nodes (the EP size), several separated by commas.")
    private List<Integer> gpus;

    @Option(names = "--groups", paramLabel = "N", converter = AtLeastOne.class,
            description = "Expert groups to keep on a node each. Default: the"
                    + " model's.")
    private Integer groups;

    @Option(names = "--sweep", paramLabel = "WHAT=N,N,...", converter = Sweep.Reader.class,
            description = "Slots to compare: redundant=R,R,... (replicas beyond one per expert, over all GPUs, per"
                    + " layer) or slots-per-gpu=S,S,... (experts that a GPU holds, per layer); may be given several times."
                    + " Default: redundant=0.")
    private List<Sweep> sweeps = List.of(Sweep.NO_REDUNDANCY);

    @Option(names = "--spare", paramLabel = "WHAT",
            description = "Where experts and replicas do not divide by the GPUs,"
                    + " fill the slots that are left with further replicas, or leave them empty. Default: refuse.")
    private SpareSlots spare;

    @Option(names = "--target", paramLabel = "B", description = "Also look for the smallest redundancy whose"
            + " balancedness (mean / max, as vLLM reports it) on the judged steps is at least B, e.g. 0.95; with the"
            + " first of the planners.")
    private Double target;

    @Option(names = "--algorithms", paramLabel = "NAME", split = ",", converter = PlannerName.class,
            description = "Planners, separated by commas."
                    + " Default: all.")
    private List<Planner> algorithms;

    @Option(names = "--time-budget", paramLabel = "SECONDS", converter = NotNegative.class,
            description = "Time for each plan of a planner that"
                    + " searches. Default: the planner's.")
    private Double timeBudget;

    @Option(names = "--holdout", paramLabel = "SHARE", defaultValue = "0.5", description = "Share of the steps, the"
            + " last ones, that planners do not see and plans are judged on; 0 plans and judges on all."
            + " Default: ${DEFAULT-VALUE}.")
    private double holdout;

    @Mixin
    private DispatchOption dispatch;

    @Mixin
    private DeadZoneOption deadZone;

    @Mixin
    private ReplayOptionsMixin replay;

    @Option(names = {"--current", "--plan"}, paramLabel = PlanArgument.LABEL, converter = PlanArgument.Reader.class,
            description = "What is loaded now, a plan file or " + PlanArgument.MAPS + ": gains and moves are"
                    + " counted from it where the GPUs are the same. Default: the engine's default layout with as little"
                    + " redundancy as the GPUs allow. The gain against that layout in a plan's own slots is said too.")
    private PlanArgument current;

    @Option(names = "--current-gpus", paramLabel = "G", description = "GPUs that an engine's map of --current is for,"
            + " where its file does not say. Default: those of --gpus, if there is one number.")
    private Integer currentGpus;

    @Mixin
    private ExpertBytes expertBytes;

    @Option(names = "--no-traffic", description = "Do not measure how many GPUs and nodes tokens go to (per-token"
            + " recordings only; takes memory for every token).")
    private boolean noTraffic;

    @Mixin
    private FormatOption format;

    @Override
    public Integer call() throws IOException {
        List<Planner> planners = planners();
        Comparison.Setting setting = setting();
        List<Integer> sizes = gpus.stream().distinct().toList();
        List<Slots> slots = sweeps.stream().flatMap(sweep -> sweep.slots(setting.spare()).stream()).distinct().toList();
        ComparisonReport report;
        try (CompareProgress progress = CompareProgress.of(ProgressLine.onStderr(),
                planners.size() * sizes.size() * slots.size())) {
            Comparison comparison = new Comparison(setting, progress);
            List<ComparisonRow> rows = comparison.rows(planners, sizes, slots);
            report = new ComparisonReport(setting.split().holdout(), dispatch.rule().name(), setting.bytesPerExpert(),
                    rows, targets(comparison, planners.getFirst(), sizes));
        }
        format.print(spec.commandLine().getOut(), () -> TextReport.comparison(report),
                () -> JsonReport.comparison(report), () -> CsvReport.comparison(report));
        return ExitCode.OK;
    }

    private List<Planner> planners() {
        if (target != null && !(target > 0 && target <= 1)) {
            throw wrong("--target " + target + " is no balancedness: use a number above 0 and up to 1");
        }
        List<Planner> asked = algorithms == null ? Planners.all() : algorithms;
        List<Planner> planners = asked.stream().distinct().map(this::contentInDeadZone).toList();
        if (timeBudget == null) {
            return planners;
        }
        if (!(timeBudget > 0 && timeBudget <= Duration.ofDays(7).toSeconds())) {
            throw wrong("--time-budget " + timeBudget + " is out of range: use a number of seconds above 0");
        }
        Duration budget = Duration.ofNanos(Math.round(timeBudget * 1e9));
        return planners.stream().map(planner -> planner.within(budget)).toList();
    }

    private Planner contentInDeadZone(Planner planner) {
        return planner instanceof SearchPlanner search && deadZone.asked().isPresent()
                ? search.withDeadZone(deadZone.ratio())
                : planner;
    }

    private ParameterException wrong(String problem) {
        return new ParameterException(spec.commandLine(), problem);
    }

    private Comparison.Setting setting() throws IOException {
        Dispatch rule = dispatch.rule();
        Recording opened = recording.open();
        Manifest manifest = opened.manifest();
        Optional<Plan> loaded = current == null ? Optional.empty() : Optional.of(loaded(manifest));
        var bytes = expertBytes.of(manifest);
        HoldoutSplit split = HoldoutSplit.of(recording.trace(opened), holdout);
        if (replay.asked()) {
            JudgedRequests.require(opened);
        }
        boolean traffic = !noTraffic && manifest.mode() == Mode.PER_TOKEN;
        Optional<TokenTrace> tokens = traffic || replay.asked()
                ? Optional.of(opened.tokenTrace())
                : Optional.empty();
        return new Comparison.Setting(split, judged(split, tokens, rule), traffic ? tokens : Optional.empty(),
                Facts.model(manifest), opened.digest(), nodes, groups == null ? manifest.numGroups() : groups,
                Optional.ofNullable(spare), rule, loaded, bytes, deadZone.ratio());
    }

    private Plan loaded(Manifest manifest) throws IOException {
        Optional<EngineMap> map = current.map();
        if (map.isEmpty()) {
            return PlanFile.read(current.file());
        }
        boolean told = currentGpus != null || map.get().gpus() > 0;
        if (!told && gpus.stream().distinct().count() > 1) {
            throw new IllegalArgumentException(current.file() + ": the map does not say how many GPUs it is for: add"
                    + " --current-gpus N");
        }
        int asked = currentGpus != null ? currentGpus : told ? 0 : gpus.getFirst();
        return map.get().plan(MapTarget.of(manifest), nodes, asked);
    }

    /** The steps to judge on for a number of GPUs: a replay has as many ranks, unless told otherwise. */
    private IntFunction<JudgedSteps> judged(HoldoutSplit split, Optional<TokenTrace> tokens, Dispatch rule) {
        if (!replay.asked()) {
            JudgedSteps recorded = JudgedSteps.recorded(split);
            return size -> recorded;
        }
        ReplaySplit requests = ReplaySplit.of(tokens.orElseThrow(), split);
        return size -> replay.run(requests, size, rule);
    }

    private List<Target> targets(Comparison comparison, Planner planner, List<Integer> sizes) {
        List<Target> targets = new ArrayList<>();
        if (target != null) {
            sizes.forEach(size -> targets.add(comparison.smallest(planner, size, target)));
        }
        return targets;
    }
}
