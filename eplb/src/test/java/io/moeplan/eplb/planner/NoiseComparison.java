package io.moeplan.eplb.planner;

import io.moeplan.eplb.LoadGenerator;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.RequestLoads;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.judge.Balance;
import io.moeplan.eplb.judge.Simulation;
import io.moeplan.eplb.search.Objective;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * How much of a plan's figure is noise of its recording: plans from recordings that differ in a share of the choices of
 * experts, all judged on the same steps that none of them has seen. By hand; arguments: seconds for each layer of a plan,
 * recordings, share of the choices that differ, and then any number of recordings as {@code export --to csv} writes them;
 * generated loads without.
 *
 * <p>Planners: the search on draws of the forecast whatever it is worth (objective tail of all steps), the search as it is,
 * and the EPLB reference.
 */
final class NoiseComparison {
    private static final int[] PLANNED = {18, 36, 100};
    private static final int JUDGED = 60;

    private NoiseComparison() {}

    private record Figures(double balancedness, double spread, double excess, double seen) {}

    public static void main(String[] args) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Duration budget = Duration.ofMillis((long) (1000 * Double.parseDouble(args[0])));
        int recordings = Integer.parseInt(args[1]);
        double share = Double.parseDouble(args[2]);
        out.printf("%-34s %-15s %8s %8s %8s %8s%n", "steps planned on", "planner", "balanced", "spread", "excess",
                "seen");
        for (Map.Entry<String, List<LoadTrace[]>> windows : windows(args).entrySet()) {
            int experts = windows.getValue().getFirst()[0].experts();
            for (int gpus : experts == 32 ? new int[]{8, 16} : new int[]{16}) {
                PlanProblem problem = PlanProblem.withRedundant(experts, 1, 1, gpus, gpus);
                for (Map.Entry<String, Planner> planner : planners(budget).entrySet()) {
                    List<Figures> all = windows.getValue().stream()
                            .map(window -> figures(problem, window, planner, recordings, share)).toList();
                    out.printf(Locale.ROOT, "%-34s %-15s %8.4f %8.4f %8.4f %8.4f%n",
                            windows.getKey() + ", " + gpus + "+" + gpus, planner.getKey(),
                            all.stream().mapToDouble(Figures::balancedness).average().orElseThrow(),
                            Math.sqrt(all.stream().mapToDouble(f -> f.spread() * f.spread()).average().orElseThrow()),
                            all.stream().mapToDouble(Figures::excess).average().orElseThrow(),
                            all.stream().mapToDouble(Figures::seen).average().orElseThrow());
                }
            }
        }
    }

    private static Map<String, Planner> planners(Duration budget) {
        Map<String, Planner> planners = new LinkedHashMap<>();
        planners.put("draws", new SearchPlanner(new Objective.Tail(0), budget, SearchPlanner.GAP, 0));
        planners.put("search", new SearchPlanner(new Objective.Steps(), budget, SearchPlanner.GAP, 0));
        planners.put("reference", new DeepSeekPlanner());
        return planners;
    }

    /** Steps to plan on and to judge on, by what they are called. */
    private static Map<String, List<LoadTrace[]>> windows(String[] args) throws IOException {
        Map<String, List<LoadTrace[]>> windows = new LinkedHashMap<>();
        for (int planned : PLANNED) {
            for (int file = 3; file < args.length; file++) {
                LoadTrace trace = read(Path.of(args[file]));
                int judged = Math.min(JUDGED, trace.steps().size() - planned);
                List<LoadTrace[]> cut = new ArrayList<>();
                for (int at = 0; judged > 0 && at + planned + judged <= trace.steps().size(); at += 24) {
                    cut.add(cut(trace.slice(at, at + planned + judged), planned));
                }
                if (!cut.isEmpty()) {
                    windows.put(Path.of(args[file]).getFileName() + " " + planned + " (" + cut.size() + ")", cut);
                }
            }
            if (args.length == 3) {
                windows.put("requests, 32 experts, " + planned, IntStream.range(0, 5)
                        .mapToObj(seed -> cut(RequestLoads.trace(32, planned + JUDGED, seed), planned)).toList());
                windows.put("drift 0.12, 128 experts, " + planned, IntStream.range(0, 5).mapToObj(
                        seed -> cut(LoadGenerator.trace(1, 128, 16, 0.12, planned + JUDGED, seed), planned)).toList());
            }
        }
        return windows;
    }

    private static LoadTrace[] cut(LoadTrace trace, int planned) {
        return new LoadTrace[]{trace.slice(0, planned), trace.slice(planned, trace.steps().size())};
    }

    private static Figures figures(PlanProblem problem, LoadTrace[] window, Map.Entry<String, Planner> planner,
            int recordings, double share) {
        double[] balancedness = new double[recordings];
        double excess = 0;
        double seen = 0;
        for (int i = 0; i < recordings; i++) {
            LoadTrace recorded = i == 0 ? window[0] : disturbed(window[0], share, i);
            Planner within = planner.getValue() instanceof SearchPlanner search
                    ? search.within(search.timeBudget().multipliedBy(recorded.layers()))
                    : planner.getValue();
            // Without a clock, so that the figures do not depend on what else the machine does.
            int[][] maps = within instanceof SearchPlanner search
                    ? search.plan(problem, recorded, () -> false)
                    : within.plan(problem, recorded);
            Balance unseen = balance(problem, window[1], maps);
            balancedness[i] = unseen.sglang();
            excess += (unseen.weighted() - 1) / recordings;
            seen += balance(problem, window[0], maps).sglang() / recordings;
        }
        double mean = Arrays.stream(balancedness).average().orElseThrow();
        double squares = Arrays.stream(balancedness).map(b -> (b - mean) * (b - mean)).sum();
        return new Figures(mean, Math.sqrt(squares / Math.max(1, recordings - 1)), excess, seen);
    }

    private static Balance balance(PlanProblem problem, LoadTrace trace, int[][] maps) {
        return Simulation.replay(trace, problem.topology(), maps, "plan", new EvenSplit()).overall();
    }

    /** Some of the choices go to other experts, each as likely as its load in the step. */
    private static LoadTrace disturbed(LoadTrace trace, double share, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<LoadTrace.Step> steps = trace.steps().stream().map(step -> {
            int[] counts = step.counts().clone();
            for (int layer = 0; layer < trace.layers(); layer++) {
                disturb(step.counts(), counts, layer * trace.experts(), trace.experts(), share, random);
            }
            return new LoadTrace.Step(step.id(), step.phase(), step.tokens(), counts);
        }).toList();
        return new LoadTrace(trace.layerIds(), trace.experts(), steps);
    }

    private static void disturb(int[] from, int[] to, int first, int experts, double share, SplittableRandom random) {
        int sum = Arrays.stream(from, first, first + experts).sum();
        for (int e = first; e < first + experts; e++) {
            for (int i = 0; i < from[e]; i++) {
                if (random.nextDouble() < share) {
                    int left = random.nextInt(sum);
                    int other = first;
                    while (left >= from[other]) {
                        left -= from[other++];
                    }
                    to[e]--;
                    to[other]++;
                }
            }
        }
    }

    /** Lines {@code step,phase,layer,tokens,e0,e1,...}. */
    private static LoadTrace read(Path csv) throws IOException {
        Map<Integer, List<int[]>> rows = new LinkedHashMap<>();
        Map<Integer, Integer> tokens = new LinkedHashMap<>();
        for (String line : Files.readAllLines(csv).stream().skip(1).toList()) {
            String[] cells = line.split(",", -1);
            int step = Integer.parseInt(cells[0]);
            tokens.put(step, Integer.parseInt(cells[3]));
            rows.computeIfAbsent(step, key -> new ArrayList<>())
                    .add(Arrays.stream(cells).skip(4).mapToInt(Integer::parseInt).toArray());
        }
        List<LoadTrace.Step> steps = rows.entrySet().stream()
                .map(step -> new LoadTrace.Step(step.getKey(), Phase.PREFILL, tokens.get(step.getKey()),
                        step.getValue().stream().flatMapToInt(Arrays::stream).toArray()))
                .toList();
        int layers = rows.values().iterator().next().size();
        return new LoadTrace(IntStream.range(0, layers).toArray(), steps.getFirst().counts().length / layers, steps);
    }
}
