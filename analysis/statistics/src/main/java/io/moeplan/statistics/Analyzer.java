package io.moeplan.statistics;

import io.moeplan.eplb.LoadTrace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Turns recorded expert loads into an {@link Analysis}. */
public final class Analyzer {
    private Analyzer() {}

    /**
     * Analyses a recording.
     *
     * @param trace      loads over steps
     * @param loadsByTag tokens routed under each tag, {@code [layers][experts]}; may be empty. All tags together are the
     *                   whole that a tag is compared with, so requests without a tag belong under a name of their own
     * @throws IllegalArgumentException if a tag's loads are not {@code [layers][experts]} or negative
     */
    public static Analysis analyze(LoadTrace trace, Map<String, long[][]> loadsByTag) {
        List<LayerSkew> layers = IntStream.range(0, trace.layers())
                .mapToObj(layer -> Skew.of(trace.layerId(layer), trace.totals(layer))).toList();
        return new Analysis(trace.experts(), trace.tokens(), trace.steps().size(), layers, SkewSummary.of(layers),
                tags(trace, loadsByTag), DriftMeter.measure(trace));
    }

    private static List<TagDifference> tags(LoadTrace trace, Map<String, long[][]> loadsByTag) {
        long[][] whole = new long[trace.layers()][trace.experts()];
        loadsByTag.forEach((tag, loads) -> {
            requireShape(trace, tag, loads);
            add(whole, loads);
        });
        List<TagDifference> tags = new ArrayList<>();
        new TreeMap<>(loadsByTag).forEach((tag, loads) -> tags.add(tag(tag, loads, whole)));
        return List.copyOf(tags);
    }

    private static TagDifference tag(String tag, long[][] loads, long[][] whole) {
        int layers = loads.length;
        double[] fromWhole = new double[layers];
        double[] fromRest = new double[layers];
        double[] noise = new double[layers];
        long routed = 0;
        int loaded = 0;
        for (int layer = 0; layer < layers; layer++) {
            long[] rest = minus(whole[layer], loads[layer]);
            fromWhole[layer] = Divergence.jensenShannon(loads[layer], whole[layer]);
            fromRest[layer] = Divergence.jensenShannon(loads[layer], rest);
            noise[layer] = Divergence.samplingNoise(loads[layer], rest);
            long here = sum(loads[layer]);
            routed += here;
            loaded += here > 0 && sum(rest) > 0 ? 1 : 0;
        }
        return new TagDifference(tag, routed, fromWhole, fromRest, noise, mean(fromWhole, loaded),
                mean(fromRest, loaded), mean(noise, loaded));
    }

    /** Layers left out of a mean hold 0, so their number is all that changes. */
    private static double mean(double[] figures, int counted) {
        double sum = 0;
        for (double figure : figures) {
            sum += figure;
        }
        return counted == 0 ? 0 : sum / counted;
    }

    private static long sum(long[] loads) {
        long sum = 0;
        for (long load : loads) {
            sum += load;
        }
        return sum;
    }

    private static long[] minus(long[] whole, long[] part) {
        long[] rest = whole.clone();
        for (int e = 0; e < rest.length; e++) {
            rest[e] -= part[e];
        }
        return rest;
    }

    private static void add(long[][] sum, long[][] loads) {
        for (int layer = 0; layer < sum.length; layer++) {
            for (int e = 0; e < sum[layer].length; e++) {
                sum[layer][e] += loads[layer][e];
            }
        }
    }

    private static void requireShape(LoadTrace trace, String tag, long[][] loads) {
        if (loads.length != trace.layers()) {
            throw new IllegalArgumentException("the loads of tag \"" + tag + "\" have " + loads.length
                    + " layers, the recording has " + trace.layers());
        }
        for (long[] layer : loads) {
            if (layer.length != trace.experts()) {
                throw new IllegalArgumentException("the loads of tag \"" + tag + "\" have " + layer.length
                        + " experts, the recording has " + trace.experts());
            }
            for (long load : layer) {
                if (load < 0) {
                    throw new IllegalArgumentException("tag \"" + tag + "\" has a negative load: " + load);
                }
            }
        }
    }
}
