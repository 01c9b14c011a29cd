package io.moeplan.eplb.search;

import java.util.Arrays;

/**
 * GPU loads in many scenarios, and their cost: the mean over scenarios, or over the worst of them, of a smooth maximum over
 * GPUs, {@code M_s = (1/G sum_g L_gs^p)^(1/p)} with p = 32.
 *
 * <p>The root is concave, so replacing it by its tangent at the current loads never promises more than it keeps (a
 * majorise-minimise step): a change costs {@code sum_s c_s (L'_gs^p - L_gs^p)} over the GPUs it touches, with
 * {@code c_s = dM_s / d(sum_g L_gs^p)}. That is a few plain loops over scenarios, which the JVM compiles to vector
 * instructions.
 */
final class SmoothMaximum {
    /** p. Large enough to act as a maximum over ten to a hundred GPUs, small enough that powers of floats stay in range. */
    static final int POWER = 32;

    final int scenarios;
    /** The load of every GPU, divided by {@link #scale}, {@code [gpus][scenarios]}; after changing it call {@link #changed}. */
    final float[][] load;
    /** What each scenario's loads are divided by so that their powers stay in range, {@code [scenarios]}. */
    final double[] scale;
    /** Nothing in any scenario. */
    final float[] nothing;
    private final double tail;
    private final double unit;
    private final float[][] power;
    /** The cost's derivative by the sum of powers, {@code [scenarios]}. */
    private final float[] slope;
    private final double[] share;
    private final float[] scratch;
    private double cost;

    /** Changes of GPUs' loads under consideration, {@code [gpus][scenarios]}, of the GPUs in {@code touched}. */
    private final float[][] change;
    private final boolean[] isTouched;
    private final int[] touched;
    private int touchedGpus;

    /**
     * @param tail share of the scenarios to average over, the worst ones: 1 for all, 0.05 for the CVaR at 0.95
     * @param unit the load that the cost is measured in
     */
    SmoothMaximum(int gpus, int scenarios, double tail, double unit) {
        if (!(tail > 0 && tail <= 1)) {
            throw new IllegalArgumentException("a tail of " + tail + " is not a share of the steps above 0");
        }
        this.scenarios = scenarios;
        this.tail = tail;
        this.unit = unit;
        load = new float[gpus][scenarios];
        power = new float[gpus][scenarios];
        scale = new double[scenarios];
        Arrays.fill(scale, unit);
        nothing = new float[scenarios];
        slope = new float[scenarios];
        share = new double[gpus];
        scratch = new float[scenarios];
        change = new float[gpus][scenarios];
        isTouched = new boolean[gpus];
        touched = new int[gpus];
    }

    double cost() {
        return cost;
    }

    /** How much a GPU contributes to the cost. */
    double share(int gpu) {
        return share[gpu];
    }

    void clear() {
        for (float[] loads : load) {
            Arrays.fill(loads, 0);
        }
    }

    /**
     * Makes the fullest GPU of each scenario about 1 again if it has gone far from it.
     *
     * @return whether the scale has changed, so that the loads are to be added up anew
     */
    boolean rescale() {
        boolean far = false;
        float[] most = new float[scenarios];
        for (float[] loads : load) {
            for (int s = 0; s < scenarios; s++) {
                most[s] = Math.max(most[s], loads[s]);
            }
        }
        for (float m : most) {
            far |= m < 0.8f || m > 1.25f;
        }
        for (int s = 0; far && s < scenarios; s++) {
            scale[s] *= most[s] > 0 ? most[s] : 1;
        }
        return far;
    }

    /** The load of all GPUs has changed. */
    void changed() {
        for (int gpu = 0; gpu < load.length; gpu++) {
            changed(gpu);
        }
    }

    /** The load of a GPU has changed; takes effect with {@link #refresh}. */
    void changed(int gpu) {
        float[] from = load[gpu];
        float[] to = power[gpu];
        for (int s = 0; s < to.length; s++) {
            float x = from[s];
            x *= x;
            x *= x;
            x *= x;
            x *= x;
            to[s] = x * x;
        }
    }

    /** Cost, tangent and the GPUs' shares from the powers. */
    void refresh() {
        float[] total = scratch;
        Arrays.fill(total, 0);
        for (float[] powers : power) {
            for (int s = 0; s < total.length; s++) {
                total[s] += powers[s];
            }
        }
        double[] smoothMax = new double[scenarios];
        for (int s = 0; s < scenarios; s++) {
            smoothMax[s] = total[s] > 0 ? Math.pow(total[s] / power.length, 1.0 / POWER) * scale[s] / unit : 0;
        }
        double[] weight = scenarioWeights(smoothMax);
        cost = 0;
        for (int s = 0; s < scenarios; s++) {
            cost += weight[s] * smoothMax[s];
            slope[s] = total[s] > 0 ? (float) (weight[s] * smoothMax[s] / (POWER * (double) total[s])) : 0;
        }
        for (int gpu = 0; gpu < power.length; gpu++) {
            float[] powers = power[gpu];
            for (int s = 0; s < scratch.length; s++) {
                scratch[s] = slope[s] * powers[s];
            }
            share[gpu] = sum(scratch);
        }
    }

    /** The weight of each scenario in the cost: even, or all on the worst ones. */
    private double[] scenarioWeights(double[] value) {
        double[] weight = new double[scenarios];
        Arrays.fill(weight, 1.0 / scenarios);
        if (tail == 1) {
            return weight;
        }
        double[] sorted = value.clone();
        Arrays.sort(sorted);
        double count = Math.max(1, tail * scenarios);
        double least = sorted[scenarios - (int) Math.ceil(count)];
        int above = 0;
        int equal = 0;
        for (double v : value) {
            above += v > least ? 1 : 0;
            equal += v == least ? 1 : 0;
        }
        for (int s = 0; s < scenarios; s++) {
            weight[s] = value[s] > least ? 1 / count : value[s] == least ? (count - above) / equal / count : 0;
        }
        return weight;
    }

    /** The price of GPU g gaining {@code in} and losing {@code out}, and GPU h the other way round. */
    double exchangePrice(int g, int h, float[] in, float[] out) {
        float[] first = load[g];
        float[] second = load[h];
        for (int s = 0; s < scratch.length; s++) {
            float difference = in[s] - out[s];
            float x = first[s] + difference;
            float y = second[s] - difference;
            x *= x;
            y *= y;
            x *= x;
            y *= y;
            x *= x;
            y *= y;
            x *= x;
            y *= y;
            scratch[s] = slope[s] * (x * x + y * y);
        }
        return sum(scratch) - share[g] - share[h];
    }

    /** The contribution to the cost of a GPU with these loads plus {@code in} minus {@code out}. */
    double price(float[] loads, float[] in, float[] out) {
        for (int s = 0; s < scratch.length; s++) {
            float x = loads[s] + in[s] - out[s];
            x *= x;
            x *= x;
            x *= x;
            x *= x;
            scratch[s] = slope[s] * (x * x);
        }
        return sum(scratch);
    }

    /**
     * The price of a GPU gaining {@code in} and losing {@code out} where it shares any change with others, which then are as
     * many GPUs as {@code sharing} says that change by as much less. To first order that is the same.
     */
    double sharedPrice(int gpu, float[] in, float[] out, float[] sharing) {
        float[] loads = load[gpu];
        float[] powers = power[gpu];
        for (int s = 0; s < scratch.length; s++) {
            float x = loads[s] + (in[s] - out[s]) / sharing[s];
            x *= x;
            x *= x;
            x *= x;
            x *= x;
            scratch[s] = slope[s] * sharing[s] * (x * x - powers[s]);
        }
        return sum(scratch);
    }

    /** Starts considering changes. */
    void consider() {
        for (int i = 0; i < touchedGpus; i++) {
            isTouched[touched[i]] = false;
        }
        touchedGpus = 0;
    }

    /** The considered change of a GPU's load, {@code [scenarios]}, to be added to. */
    float[] change(int gpu) {
        if (!isTouched[gpu]) {
            isTouched[gpu] = true;
            touched[touchedGpus++] = gpu;
            Arrays.fill(change[gpu], 0);
        }
        return change[gpu];
    }

    /** The price of the changes considered. */
    double consideredPrice() {
        double price = 0;
        for (int i = 0; i < touchedGpus; i++) {
            int gpu = touched[i];
            price += price(load[gpu], change[gpu], nothing) - share[gpu];
        }
        return price;
    }

    /** The same where GPUs share their changes, {@code [gpus][scenarios]}. */
    double consideredPrice(float[][] sharing) {
        double price = 0;
        for (int i = 0; i < touchedGpus; i++) {
            price += sharedPrice(touched[i], change[touched[i]], nothing, sharing[touched[i]]);
        }
        return price;
    }

    /** Makes the changes considered. */
    void apply() {
        for (int i = 0; i < touchedGpus; i++) {
            add(load[touched[i]], change[touched[i]]);
            changed(touched[i]);
        }
        refresh();
    }

    static void add(float[] to, float[] what) {
        for (int s = 0; s < to.length; s++) {
            to[s] += what[s];
        }
    }

    static void subtract(float[] from, float[] what) {
        for (int s = 0; s < from.length; s++) {
            from[s] -= what[s];
        }
    }

    /** Eight sums at a time: one alone would wait for each addition. */
    private static double sum(float[] values) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        float e = 0;
        float f = 0;
        float g = 0;
        float h = 0;
        int i = 0;
        for (; i + 7 < values.length; i += 8) {
            a += values[i];
            b += values[i + 1];
            c += values[i + 2];
            d += values[i + 3];
            e += values[i + 4];
            f += values[i + 5];
            g += values[i + 6];
            h += values[i + 7];
        }
        for (; i < values.length; i++) {
            a += values[i];
        }
        return (double) (a + b + (c + d)) + (e + f + (g + h));
    }
}
