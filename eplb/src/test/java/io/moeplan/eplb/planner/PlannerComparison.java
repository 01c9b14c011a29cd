package io.moeplan.eplb.planner;

import io.moeplan.eplb.LoadGenerator;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import io.moeplan.eplb.PlanProblem;
import io.moeplan.eplb.QwenLayers;
import io.moeplan.eplb.dispatch.EvenSplit;
import io.moeplan.eplb.judge.Simulation;
import io.moeplan.eplb.search.Objective;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Runs every planner on generated traces and on measured layers and prints a table. By hand; arguments: seconds for each
 * plan of ours and, optionally, a folder of traces {@code t_EXPERTS_SLOTS_GPUS_DRIFT_SEED.bin} (little-endian int32,
 * [steps][experts]) to judge on as well, so that planners from elsewhere can be compared on the same loads.
 */
final class PlannerComparison {
    private static final int PLAN_STEPS = 100;
    private static final int SEEDS = 5;
    private static final int[][] SHAPES = {{256, 288, 32}, {256, 320, 64}, {384, 448, 64}};
    private static final double[] DRIFTS = {0, 0.12, 0.4};

    private PlannerComparison() {}

    public static void main(String[] args) throws IOException {
        Duration budget = Duration.ofMillis((long) (1000 * (args.length > 0 ? Double.parseDouble(args[0]) : 1)));
        List<Planner> planners = List.of(new ContiguousPlanner(), new DeepSeekPlanner(), new TensorRtLlmPlanner(),
                new SearchPlanner(new Objective.Mean(), budget, SearchPlanner.GAP, 0),
                new SearchPlanner(new Objective.Steps(), budget, SearchPlanner.GAP, 0));
        means(planners, System.out);
        heldOut(planners, System.out);
        if (args.length > 1) {
            traces(Path.of(args[1]), planners, System.out);
        }
    }

    private static void means(List<Planner> planners, PrintStream out) {
        out.println("\nwindow means: mean over layers of max/mean");
        header(planners, out);
        LoadTrace qwen = QwenLayers.trace();
        for (int gpus : new int[]{16, 32, 64}) {
            PlanProblem problem = PlanProblem.withRedundant(QwenLayers.EXPERTS, 1, 1, gpus, gpus);
            meanRow("Qwen3-235B EP" + gpus + "+" + gpus, problem, qwen, planners, out);
        }
        LoadTrace deepSeek = LoadGenerator.window(6, 256, 1);
        for (int[] shape : new int[][]{{32, 1, 1}, {64, 1, 1}, {144, 1, 1}, {32, 4, 8}, {64, 8, 8}}) {
            int gpus = shape[0];
            PlanProblem problem = PlanProblem.withRedundant(256, shape[2], shape[1], gpus, gpus == 144 ? 32 : gpus);
            meanRow("256, EP" + gpus + ", " + shape[1] + " nodes, " + shape[2] + " groups", problem, deepSeek, planners,
                    out);
        }
    }

    private static void meanRow(String name, PlanProblem problem, LoadTrace trace, List<Planner> planners,
            PrintStream out) {
        List<Double> cells = new ArrayList<>();
        for (Planner planner : planners) {
            int[][] maps = planner.plan(problem, trace);
            double sum = 0;
            for (int layer = 0; layer < maps.length; layer++) {
                sum += Planning.certify(problem, layer, maps[layer], trace.totals(layer)).maxOverMean();
            }
            cells.add(sum / maps.length);
        }
        row(name, cells, out);
    }

    private static void heldOut(List<Planner> planners, PrintStream out) {
        out.println("\nheld-out steps: mean of max/mean - 1, plan on 100 steps, judge on the next 100, " + SEEDS
                + " seeds");
        header(planners, out);
        for (int[] shape : SHAPES) {
            for (double drift : DRIFTS) {
                List<LoadTrace> traces = new ArrayList<>();
                for (int seed = 0; seed < SEEDS; seed++) {
                    traces.add(LoadGenerator.trace(1, shape[0], shape[2], drift, 2 * PLAN_STEPS, seed));
                }
                heldOutRow(shape, "a=" + drift, traces, planners, out);
            }
        }
    }

    private static void traces(Path folder, List<Planner> planners, PrintStream out) throws IOException {
        out.println("\nheld-out steps of " + folder);
        header(planners, out);
        for (int[] shape : SHAPES) {
            for (String drift : List.of("0", "0.12", "0.4")) {
                List<LoadTrace> traces = new ArrayList<>();
                for (int seed = 0;; seed++) {
                    Path file = folder
                            .resolve("t_" + shape[0] + "_" + shape[1] + "_" + shape[2] + "_" + drift + "_" + seed
                                    + ".bin");
                    if (!Files.exists(file)) {
                        break;
                    }
                    traces.add(read(file, shape[0]));
                }
                if (!traces.isEmpty()) {
                    heldOutRow(shape, "a=" + drift, traces, planners, out);
                }
            }
        }
    }

    private static LoadTrace read(Path file, int experts) throws IOException {
        IntBuffer ints = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
        List<LoadTrace.Step> steps = new ArrayList<>();
        while (ints.remaining() >= experts) {
            int[] counts = new int[experts];
            ints.get(counts);
            steps.add(new LoadTrace.Step(steps.size(), Phase.MIXED, Arrays.stream(counts).sum(), counts));
        }
        return new LoadTrace(new int[]{0}, experts, steps);
    }

    private static void heldOutRow(int[] shape, String drift, List<LoadTrace> traces, List<Planner> planners,
            PrintStream out) {
        PlanProblem problem = PlanProblem.withRedundant(shape[0], 1, 1, shape[2], shape[1] - shape[0]);
        List<Double> cells = new ArrayList<>();
        for (Planner planner : planners) {
            cells.add(traces.stream().mapToDouble(trace -> excess(problem, trace, planner)).average().orElseThrow());
        }
        row(shape[0] + ", " + shape[1] + ", " + shape[2] + " " + drift, cells, out);
    }

    /** Plans on the first steps and judges on the others; the mean of max / mean, minus 1. */
    static double excess(PlanProblem problem, LoadTrace trace, Planner planner) {
        LoadTrace planned = trace.slice(0, PLAN_STEPS);
        // Without a clock, so that the figures do not depend on what else the machine does.
        int[][] maps = planner instanceof SearchPlanner search
                ? search.plan(problem, planned, () -> false)
                : planner.plan(problem, planned);
        LoadTrace judged = trace.slice(PLAN_STEPS, trace.steps().size());
        return Simulation.replay(judged, problem.topology(), maps, planner.name(), new EvenSplit()).overall()
                .vllmAscend() - 1;
    }

    private static void header(List<Planner> planners, PrintStream out) {
        out.printf("%-34s", "");
        planners.forEach(planner -> out.printf("%16s", planner.name().equals(SearchPlanner.NAME)
                ? "search " + planner.objective()
                : planner.name()));
        out.println();
    }

    private static void row(String name, List<Double> cells, PrintStream out) {
        out.printf("%-34s", name);
        cells.forEach(cell -> out.printf(Locale.ROOT, "%16.5f", cell));
        out.println();
    }
}
