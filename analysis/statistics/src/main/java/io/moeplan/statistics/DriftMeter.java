package io.moeplan.statistics;

import io.moeplan.eplb.LoadTrace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.stat.descriptive.rank.Median;

/** Computes {@link Drift}. */
final class DriftMeter {
    /** Pairs measured per lag and layer; more of them cost time and tell nothing new. */
    private static final int PAIRS = 2048;
    /** Below this, squared and relative to the shares, a deviation is rounding. */
    private static final double ROUNDING = 1e-20;

    private final LoadTrace trace;
    private final List<LoadTrace.Step> steps;
    private final int[] lags;

    private DriftMeter(LoadTrace trace, List<LoadTrace.Step> steps) {
        this.trace = trace;
        this.steps = steps;
        this.lags = IntStream.iterate(1, lag -> 2 * lag < steps.size(), lag -> 2 * lag).toArray();
    }

    static Drift measure(LoadTrace trace) {
        List<LoadTrace.Step> loaded = trace.steps().stream().filter(step -> routed(step) > 0).toList();
        boolean skipLast = loaded.size() > 1 && lastIsShort(loaded);
        List<LoadTrace.Step> usable = skipLast ? loaded.subList(0, loaded.size() - 1) : loaded;
        if (usable.size() < Drift.NEEDED_STEPS) {
            return new Drift.TooFewSteps(usable.size());
        }
        return new DriftMeter(trace, usable).measure(skipLast);
    }

    private static boolean lastIsShort(List<LoadTrace.Step> steps) {
        double[] routed = steps.stream().mapToDouble(DriftMeter::routed).toArray();
        return 2 * routed[routed.length - 1] < new Median().evaluate(routed);
    }

    private static long routed(LoadTrace.Step step) {
        return Arrays.stream(step.counts()).asLongStream().sum();
    }

    private Drift measure(boolean skippedLastStep) {
        List<Drift.LayerDrift> layers = new ArrayList<>();
        List<Drift.LayerDrift> loaded = new ArrayList<>();
        for (int layer = 0; layer < trace.layers(); layer++) {
            long[] totals = totals(layer);
            Drift.LayerDrift drift = layer(layer, totals);
            layers.add(drift);
            if (Arrays.stream(totals).sum() > 0) {
                loaded.add(drift);
            }
        }
        double[] cosine = new double[lags.length];
        double[] correlation = new double[lags.length];
        for (int i = 0; i < lags.length; i++) {
            int lag = i;
            cosine[i] = mean(loaded, layer -> layer.cosine()[lag]);
            correlation[i] = mean(loaded, layer -> layer.correlation()[lag]);
        }
        return new Drift.Measured(steps.size(), skippedLastStep, lags, -1.0 / (steps.size() - 1), List.copyOf(layers),
                cosine, correlation, mean(loaded, Drift.LayerDrift::stepMaxOverMean));
    }

    private static double mean(List<Drift.LayerDrift> layers, ToDoubleFunction<Drift.LayerDrift> figure) {
        return layers.stream().mapToDouble(figure).average().orElse(0);
    }

    private Drift.LayerDrift layer(int layer, long[] totals) {
        double[] cosine = new double[lags.length];
        double[] correlation = new double[lags.length];
        long routed = Arrays.stream(totals).sum();
        if (routed == 0) {
            return new Drift.LayerDrift(trace.layerId(layer), cosine, correlation, 1);
        }
        ArrayRealVector mean = shares(Arrays.stream(totals).asDoubleStream().toArray(), (double) routed);
        for (int i = 0; i < lags.length; i++) {
            PairMeans means = pairs(layer, lags[i], mean);
            cosine[i] = means.cosine();
            correlation[i] = means.correlation();
        }
        return new Drift.LayerDrift(trace.layerId(layer), cosine, correlation, stepMaxOverMean(layer, routed));
    }

    private record PairMeans(double cosine, double correlation) {}

    private PairMeans pairs(int layer, int lag, ArrayRealVector mean) {
        int count = steps.size() - lag;
        int stride = (count + PAIRS - 1) / PAIRS;
        double cosine = 0;
        double cosineWeight = 0;
        double correlation = 0;
        double correlationWeight = 0;
        for (int t = 0; t < count; t += stride) {
            double[] first = loads(layer, t);
            double[] second = loads(layer, t + lag);
            double routedFirst = Arrays.stream(first).sum();
            double routedSecond = Arrays.stream(second).sum();
            if (routedFirst == 0 || routedSecond == 0) {
                continue;
            }
            double weight = Math.min(routedFirst, routedSecond);
            ArrayRealVector sharesFirst = shares(first, routedFirst);
            ArrayRealVector sharesSecond = shares(second, routedSecond);
            cosine += weight * sharesFirst.cosine(sharesSecond);
            cosineWeight += weight;
            ArrayRealVector deviationFirst = sharesFirst.subtract(mean);
            ArrayRealVector deviationSecond = sharesSecond.subtract(mean);
            if (deviates(deviationFirst, mean) && deviates(deviationSecond, mean)) {
                correlation += weight * deviationFirst.cosine(deviationSecond);
                correlationWeight += weight;
            }
        }
        return new PairMeans(cosineWeight == 0 ? 0 : cosine / cosineWeight,
                correlationWeight == 0 ? 0 : correlation / correlationWeight);
    }

    private static boolean deviates(ArrayRealVector deviation, ArrayRealVector mean) {
        return deviation.dotProduct(deviation) > ROUNDING * mean.dotProduct(mean);
    }

    private static ArrayRealVector shares(double[] loads, double routed) {
        ArrayRealVector shares = new ArrayRealVector(loads, false);
        shares.mapMultiplyToSelf(1 / routed);
        return shares;
    }

    private double[] loads(int layer, int step) {
        int[] counts = steps.get(step).counts();
        int from = layer * trace.experts();
        double[] loads = new double[trace.experts()];
        for (int e = 0; e < loads.length; e++) {
            loads[e] = counts[from + e];
        }
        return loads;
    }

    private long[] totals(int layer) {
        long[] totals = new long[trace.experts()];
        for (LoadTrace.Step step : steps) {
            for (int e = 0; e < totals.length; e++) {
                totals[e] += step.counts()[layer * trace.experts() + e];
            }
        }
        return totals;
    }

    /** Weighted by routed tokens, the mean of max / (routed / experts) is experts times sum of max / sum of routed. */
    private double stepMaxOverMean(int layer, long routed) {
        int from = layer * trace.experts();
        long maxima = 0;
        for (LoadTrace.Step step : steps) {
            maxima += Arrays.stream(step.counts(), from, from + trace.experts()).max().orElse(0);
        }
        return (double) trace.experts() * maxima / routed;
    }
}
