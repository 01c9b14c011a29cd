package io.moeplan.eplb.search;

import java.util.Arrays;

/**
 * Loads over many scenarios; the cost is the mean over scenarios, or over the worst of them, of a smooth maximum over
 * GPUs, {@code M_s = (1/G sum_g L_gs^p)^(1/p)} with p = 32.
 *
 * <p>The root is concave, so replacing it by its tangent at the current placement never promises more than it keeps (a
 * majorise-minimise step): a move costs {@code sum_s c_s (L'_gs^p - L_gs^p)} over the GPUs it touches, with
 * {@code c_s = dM_s / d(sum_g L_gs^p)}. That is a few plain loops over scenarios, which the JVM compiles to vector
 * instructions.
 */
public final class ScenarioLoads implements GpuLoads {
    /** p. Large enough to act as a maximum over ten to a hundred GPUs, small enough that powers of floats stay in range. */
    static final int POWER = 32;

    private final ReplicaLoad load;
    private final int scenarios;
    /** Share of the scenarios, the worst ones, whose mean is the cost. */
    private final double tail;
    /** The mean GPU load with every expert once, averaged over scenarios: the unit of the cost. */
    private final double unit;
    /** What each scenario's loads are divided by so that their powers stay in range, {@code [scenarios]}. */
    private final double[] scale;
    /** Loads of a replica, scaled, {@code [expert][replicas][scenarios]}, made when first asked for. */
    private final float[][][] rows;
    private final float[] nothing;

    private Placement placement;
    private float[][] gpuLoad;
    private float[][] gpuPower;
    /** The cost's derivative by the sum of powers, {@code [scenarios]}. */
    private final float[] slope;
    private double[] gpuShare;
    private double cost;

    private int lifted;
    private final float[] liftedLoad;
    private double[] liftedPrice;
    private double liftedTotal;
    private final float[] scratch;

    /**
     * @param tail share of the scenarios to average over, the worst ones: 1 for all, 0.05 for the CVaR at 0.95
     */
    public ScenarioLoads(ReplicaLoad load, int gpus, double tail) {
        if (!(tail > 0 && tail <= 1)) {
            throw new IllegalArgumentException("a tail of " + tail + " is not a share of the steps above 0");
        }
        this.load = load;
        this.scenarios = load.scenarios();
        this.tail = tail;
        double sum = 0;
        for (int s = 0; s < scenarios; s++) {
            for (int e = 0; e < load.experts(); e++) {
                sum += load.of(s, e, 1);
            }
        }
        unit = sum > 0 ? sum / scenarios / gpus : 1;
        scale = new double[scenarios];
        rows = new float[load.experts()][][];
        nothing = new float[scenarios];
        slope = new float[scenarios];
        liftedLoad = new float[scenarios];
        scratch = new float[scenarios];
    }

    @Override
    public int experts() {
        return load.experts();
    }

    @Override
    public int effort() {
        return scenarios;
    }

    @Override
    public double cost() {
        return cost;
    }

    @Override
    public double share(int gpu) {
        return gpuShare[gpu];
    }

    @Override
    public double[] weights(double risk) {
        double[] weights = new double[load.experts()];
        for (int e = 0; e < weights.length; e++) {
            double sum = 0;
            double squares = 0;
            for (int s = 0; s < scenarios; s++) {
                double l = load.of(s, e, 1) / unit;
                sum += l;
                squares += l * l;
            }
            double mean = sum / scenarios;
            weights[e] = mean + risk * Math.sqrt(Math.max(0, squares / scenarios - mean * mean));
        }
        return weights;
    }

    @Override
    public void reset(Placement p) {
        placement = p;
        if (gpuLoad == null) {
            gpuLoad = new float[p.gpus()][scenarios];
            gpuPower = new float[p.gpus()][scenarios];
            gpuShare = new double[p.gpus()];
            liftedPrice = new double[p.gpus()];
            Arrays.fill(scale, unit);
        }
        addUp();
        if (rescale()) {
            addUp();
        }
        for (int gpu = 0; gpu < gpuLoad.length; gpu++) {
            power(gpu);
        }
        refresh();
    }

    @Override
    public double swapPrice(int slot, int other) {
        int g = placement.gpuOf[slot];
        int h = placement.gpuOf[other];
        float[] out = row(placement.expert[slot]);
        float[] in = row(placement.expert[other]);
        float[] first = gpuLoad[g];
        float[] second = gpuLoad[h];
        for (int s = 0; s < scratch.length; s++) {
            float change = in[s] - out[s];
            float x = first[s] + change;
            float y = second[s] - change;
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
        return sum(scratch) - gpuShare[g] - gpuShare[h];
    }

    @Override
    public void lift(int slot) {
        lifted = slot;
        int g = placement.gpuOf[slot];
        int e = placement.expert[slot];
        liftedTotal = -gpuShare[g];
        System.arraycopy(gpuLoad[g], 0, liftedLoad, 0, scenarios);
        if (e < 0) {
            return;
        }
        subtract(liftedLoad, row(e));
        int r = placement.replicas[e];
        for (int i = 0; i < r && r > 1; i++) {
            int h = placement.gpusOf[e][i];
            if (h != g) {
                liftedPrice[h] = price(gpuLoad[h], row(e, r - 1), row(e, r)) - gpuShare[h];
                liftedTotal += liftedPrice[h];
            }
        }
    }

    @Override
    public double replacePrice(int expert) {
        int out = placement.expert[lifted];
        if (expert < 0) {
            return liftedTotal + price(liftedLoad, nothing, nothing);
        }
        int r = placement.replicas[expert];
        float[] with = row(expert, r + 1);
        double total = liftedTotal + price(liftedLoad, with, nothing);
        for (int i = 0; i < r; i++) {
            int h = placement.gpusOf[expert][i];
            if (out >= 0 && placement.holds(h, out)) {
                int old = placement.replicas[out];
                total += price(gpuLoad[h], with, row(expert), row(out, old - 1), row(out)) - gpuShare[h]
                        - liftedPrice[h];
            } else {
                total += price(gpuLoad[h], with, row(expert)) - gpuShare[h];
            }
        }
        return total;
    }

    @Override
    public void swap(int slot, int other) {
        int g = placement.gpuOf[slot];
        int h = placement.gpuOf[other];
        float[] out = row(placement.expert[slot]);
        float[] in = row(placement.expert[other]);
        change(gpuLoad[g], in, out);
        change(gpuLoad[h], out, in);
        power(g);
        power(h);
        refresh();
    }

    @Override
    public void replace(int slot, int expert) {
        int g = placement.gpuOf[slot];
        int out = placement.expert[slot];
        if (out >= 0) {
            int r = placement.replicas[out];
            subtract(gpuLoad[g], row(out));
            reshare(out, r - 1, g);
        }
        if (expert >= 0) {
            int r = placement.replicas[expert];
            reshare(expert, r + 1, g);
            change(gpuLoad[g], row(expert, r + 1), nothing);
        }
        power(g);
        refresh();
    }

    /** The replicas of an expert except one on {@code gpu} take the share of one among {@code replicas}. */
    private void reshare(int expert, int replicas, int gpu) {
        for (int i = 0; i < placement.replicas[expert]; i++) {
            int h = placement.gpusOf[expert][i];
            if (h != gpu) {
                change(gpuLoad[h], row(expert, replicas), row(expert));
                power(h);
            }
        }
    }

    private void addUp() {
        for (float[] loads : gpuLoad) {
            Arrays.fill(loads, 0);
        }
        for (int slot = 0; slot < placement.slots(); slot++) {
            change(gpuLoad[placement.gpuOf[slot]], row(placement.expert[slot]), nothing);
        }
    }

    /** Makes the fullest GPU of each scenario about 1 again if it has gone far from it. */
    private boolean rescale() {
        boolean far = false;
        float[] most = new float[scenarios];
        for (float[] loads : gpuLoad) {
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
        if (far) {
            Arrays.fill(rows, null);
        }
        return far;
    }

    private void power(int gpu) {
        float[] from = gpuLoad[gpu];
        float[] to = gpuPower[gpu];
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
    private void refresh() {
        float[] total = scratch;
        Arrays.fill(total, 0);
        for (float[] powers : gpuPower) {
            for (int s = 0; s < total.length; s++) {
                total[s] += powers[s];
            }
        }
        double[] smoothMax = new double[scenarios];
        for (int s = 0; s < scenarios; s++) {
            smoothMax[s] = total[s] > 0 ? Math.pow(total[s] / gpuPower.length, 1.0 / POWER) * scale[s] / unit : 0;
        }
        double[] share = scenarioShares(smoothMax);
        cost = 0;
        for (int s = 0; s < scenarios; s++) {
            cost += share[s] * smoothMax[s];
            slope[s] = total[s] > 0 ? (float) (share[s] * smoothMax[s] / (POWER * (double) total[s])) : 0;
        }
        for (int gpu = 0; gpu < gpuPower.length; gpu++) {
            float[] powers = gpuPower[gpu];
            for (int s = 0; s < scratch.length; s++) {
                scratch[s] = slope[s] * powers[s];
            }
            gpuShare[gpu] = sum(scratch);
        }
    }

    /** The weight of each scenario in the cost: even, or all on the worst ones. */
    private double[] scenarioShares(double[] value) {
        double[] share = new double[scenarios];
        Arrays.fill(share, 1.0 / scenarios);
        if (tail == 1) {
            return share;
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
            share[s] = value[s] > least ? 1 / count : value[s] == least ? (count - above) / equal / count : 0;
        }
        return share;
    }

    private float[] row(int expert) {
        return expert < 0 ? nothing : row(expert, placement.replicas[expert]);
    }

    private float[] row(int expert, int replicas) {
        float[][] known = rows[expert];
        if (known == null || known.length <= replicas) {
            known = known == null ? new float[replicas + 2][] : Arrays.copyOf(known, replicas + 2);
            rows[expert] = known;
        }
        if (known[replicas] == null) {
            float[] row = new float[scenarios];
            for (int s = 0; s < scenarios; s++) {
                row[s] = (float) (load.of(s, expert, replicas) / scale[s]);
            }
            known[replicas] = row;
        }
        return known[replicas];
    }

    private double price(float[] loads, float[] in, float[] out) {
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

    private double price(float[] loads, float[] in, float[] out, float[] in2, float[] out2) {
        float[] both = new float[scenarios];
        for (int s = 0; s < both.length; s++) {
            both[s] = in[s] - out[s] + in2[s];
        }
        return price(loads, both, out2);
    }

    private static void change(float[] loads, float[] in, float[] out) {
        for (int s = 0; s < loads.length; s++) {
            loads[s] += in[s] - out[s];
        }
    }

    private static void subtract(float[] loads, float[] out) {
        for (int s = 0; s < loads.length; s++) {
            loads[s] -= out[s];
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
