package io.moeplan.report;

import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.judge.Balance;
import io.moeplan.eplb.judge.Holdout;
import io.moeplan.eplb.judge.LayoutBalance;
import io.moeplan.eplb.judge.SimulationResult;
import io.moeplan.eplb.judge.Verdict;
import io.moeplan.statistics.Analyzer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A made-up recording with the skew and drift of real ones, and a plain greedy plan for it: lognormal expert loads of CV
 * about 1.3, moved by an AR(1) factor, sampled step by step.
 */
final class Synthetic {
    private final int layers;
    private final int experts;
    private final int steps;
    private final Topology topology;
    private final Random random = new Random(42);

    Synthetic(int layers, int experts, int steps, Topology topology) {
        this.layers = layers;
        this.experts = experts;
        this.steps = steps;
        this.topology = topology;
    }

    static ReportModel small() {
        return new Synthetic(6, 32, 38, new Topology(1, 8, 5)).model("Qwen-tiny-moe", Verdict.Word.APPLY);
    }

    static ReportModel medium() {
        return new Synthetic(48, 128, 40, new Topology(1, 8, 18)).model("Qwen3-30B-A3B", Verdict.Word.APPLY);
    }

    static ReportModel large() {
        return new Synthetic(94, 128, 60, new Topology(4, 8, 5)).model("Qwen3-235B-A22B", Verdict.Word.MARGINAL);
    }

    ReportModel model(String name, Verdict.Word word) {
        LoadTrace trace = trace();
        int planSteps = steps / 2;
        Plan plan = plan(name, trace.slice(0, planSteps));
        LoadTrace judged = trace.slice(planSteps, steps);
        LayoutBalance before = judge("contiguous", judged, contiguous());
        LayoutBalance after = judge("deepseek", judged,
                plan.layers().stream().map(LayerPlan::physicalToLogical).toList());
        double gain = 1 - after.overall().weighted() / before.overall().weighted();
        Holdout holdout = new Holdout(0.5, planSteps, steps - planSteps, trace.slice(0, planSteps).tokens(),
                judged.tokens());
        PlanReport report = new PlanReport(plan, new SimulationResult("even", holdout, before, after),
                new Verdict(word, gain, "The fullest GPU's load falls on unseen steps, well above what kernels hide."));
        return ReportModel.of(facts(name, trace), Analyzer.analyze(trace, tags(trace)), trace, Optional.of(report));
    }

    private RunFacts facts(String name, LoadTrace trace) {
        return new RunFacts("0.1.0", new RunFacts.Model(name, "qwen3_moe", layers, experts, 8),
                new RunFacts.Source("embedded", "cpu", "bf16", "per-token"),
                new RunFacts.Workload("sha256:4f1c0f6f0d0c7d6b8a0b6c9e1d2f3a4b5c6d7e8f90a1b2c3d4e5f60718293a4b", 1200,
                        trace.tokens(), steps,
                        List.of(new RunFacts.TagRequests("code", 500), new RunFacts.TagRequests("chat", 600),
                                new RunFacts.TagRequests("mathematics", 100))),
                new RunFacts.Timing(12.4, 305.7, 13_402), true);
    }

    private LoadTrace trace() {
        int[] ids = IntStream.range(0, layers).map(layer -> layer + 1).toArray();
        double[][] base = new double[layers][experts];
        double[][] factor = new double[layers][experts];
        for (int layer = 0; layer < layers; layer++) {
            for (int e = 0; e < experts; e++) {
                base[layer][e] = random.nextDouble() < 0.03 ? 0 : Math.exp(0.98 * random.nextGaussian());
                factor[layer][e] = random.nextGaussian();
            }
        }
        List<LoadTrace.Step> all = new ArrayList<>();
        double z = 0;
        for (int step = 0; step < steps; step++) {
            z = 0.9 * z + Math.sqrt(1 - 0.81) * random.nextGaussian();
            int tokens = step == steps - 1 ? 900 : 4096;
            int[] counts = new int[layers * experts];
            for (int layer = 0; layer < layers; layer++) {
                sample(base[layer], factor[layer], z, tokens * 8, counts, layer * experts);
            }
            all.add(new LoadTrace.Step(step, Phase.PREFILL, tokens, counts));
        }
        return new LoadTrace(ids, experts, all);
    }

    private void sample(double[] base, double[] factor, double z, int draws, int[] counts, int from) {
        double[] weight = new double[experts];
        for (int e = 0; e < experts; e++) {
            weight[e] = base[e] * Math.exp(0.25 * z * factor[e]);
        }
        double sum = Arrays.stream(weight).sum();
        for (int e = 0; e < experts; e++) {
            double mean = draws * weight[e] / sum;
            counts[from + e] = (int) Math.max(0, Math.round(mean + Math.sqrt(mean) * random.nextGaussian()));
        }
    }

    private Map<String, long[][]> tags(LoadTrace trace) {
        long[][] code = new long[layers][experts];
        long[][] chat = new long[layers][experts];
        long[][] mathematics = new long[layers][experts];
        for (int layer = 0; layer < layers; layer++) {
            long[] totals = trace.totals(layer);
            for (int e = 0; e < experts; e++) {
                double share = Math.clamp(0.4 + 0.18 * random.nextGaussian(), 0, 0.9);
                code[layer][e] = Math.round(totals[e] * share);
                mathematics[layer][e] = totals[e] / 12;
                chat[layer][e] = totals[e] - code[layer][e] - mathematics[layer][e];
            }
        }
        return Map.of("code", code, "chat", chat, "mathematics", mathematics);
    }

    private List<int[]> contiguous() {
        int[] map = IntStream.range(0, experts).toArray();
        return IntStream.range(0, layers).mapToObj(layer -> map).toList();
    }

    private Plan plan(String name, LoadTrace trace) {
        List<LayerPlan> plans = IntStream.range(0, layers)
                .mapToObj(layer -> layerPlan(trace.layerId(layer), trace.totals(layer))).toList();
        return new Plan(new Plan.Model(name, "qwen3_moe", experts, 8, 1),
                new Plan.Recording("sha256:4f1c", trace.steps().size(), trace.tokens()), topology, "deepseek", "mean",
                plans);
    }

    /** Copies for the largest share, then the largest share to the emptiest GPU. */
    private LayerPlan layerPlan(int layer, long[] loads) {
        int[] copies = new int[experts];
        Arrays.fill(copies, 1);
        for (int slot = experts; slot < topology.slots(); slot++) {
            int most = 0;
            for (int e = 1; e < experts; e++) {
                most = share(loads, copies, e) > share(loads, copies, most) ? e : most;
            }
            copies[most]++;
        }
        List<Integer> replicas = new ArrayList<>();
        for (int e = 0; e < experts; e++) {
            for (int copy = 0; copy < copies[e]; copy++) {
                replicas.add(e);
            }
        }
        replicas.sort((a, b) -> Double.compare(share(loads, copies, b), share(loads, copies, a)));
        double[] gpuLoad = new double[topology.gpus()];
        int[] used = new int[topology.gpus()];
        int[] map = new int[topology.slots()];
        for (int e : replicas) {
            int gpu = -1;
            for (int g = 0; g < gpuLoad.length; g++) {
                boolean room = used[g] < topology.slotsPerGpu();
                gpu = room && (gpu < 0 || gpuLoad[g] < gpuLoad[gpu]) ? g : gpu;
            }
            map[gpu * topology.slotsPerGpu() + used[gpu]++] = e;
            gpuLoad[gpu] += share(loads, copies, e);
        }
        double mean = Arrays.stream(gpuLoad).average().orElseThrow();
        double max = Arrays.stream(gpuLoad).max().orElseThrow();
        double largest = replicas.stream().mapToDouble(e -> share(loads, copies, e)).max().orElseThrow();
        double bound = Math.max(1, largest / mean);
        return new LayerPlan(layer, map, mean / max, max / mean, bound, max / mean / bound - 1);
    }

    private static double share(long[] loads, int[] copies, int expert) {
        return (double) loads[expert] / copies[expert];
    }

    private LayoutBalance judge(String name, LoadTrace trace, List<int[]> maps) {
        double[][] gpuLoad = new double[layers][topology.gpus()];
        double[][] means = new double[layers][trace.steps().size()];
        double[][] maxima = new double[layers][trace.steps().size()];
        for (int layer = 0; layer < layers; layer++) {
            int[] map = maps.get(layer);
            int[] copies = new int[experts];
            Arrays.stream(map).forEach(e -> copies[e]++);
            for (int step = 0; step < trace.steps().size(); step++) {
                double[] load = new double[topology.gpus()];
                for (int slot = 0; slot < map.length; slot++) {
                    int gpu = slot * topology.gpus() / map.length;
                    load[gpu] += (double) trace.count(step, layer, map[slot]) / copies[map[slot]];
                }
                means[layer][step] = Arrays.stream(load).average().orElseThrow();
                maxima[layer][step] = Arrays.stream(load).max().orElseThrow();
                for (int gpu = 0; gpu < load.length; gpu++) {
                    gpuLoad[layer][gpu] += load[gpu] / trace.steps().size();
                }
            }
        }
        List<Balance> perLayer = IntStream.range(0, layers).mapToObj(
                layer -> balance(new double[][]{means[layer]}, new double[][]{maxima[layer]})).toList();
        return new LayoutBalance(name, balance(means, maxima), perLayer, gpuLoad);
    }

    private static Balance balance(double[][] means, double[][] maxima) {
        int steps = means[0].length;
        double sglang = 0;
        double tensorRtLlm = 0;
        double vllm = 0;
        double allMeans = 0;
        double allMaxima = 0;
        double[] perStep = new double[steps];
        for (int step = 0; step < steps; step++) {
            double mean = 0;
            double max = 0;
            for (int layer = 0; layer < means.length; layer++) {
                mean += means[layer][step];
                max += maxima[layer][step];
                sglang += (means[layer][step] + 1e-5) / (maxima[layer][step] + 1e-5);
                tensorRtLlm += maxima[layer][step] / means[layer][step] - 1;
            }
            vllm += mean / max / steps;
            perStep[step] = max / mean;
            allMeans += mean;
            allMaxima += max;
        }
        Arrays.sort(perStep);
        double cells = (double) steps * means.length;
        return new Balance(sglang / cells, vllm, tensorRtLlm / cells, tensorRtLlm / cells + 1, allMaxima / allMeans,
                perStep[steps / 2], perStep[steps - 1]);
    }
}
