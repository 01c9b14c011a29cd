package io.moeplan.eplb.search;

import java.util.Arrays;

/**
 * Loads in one scenario, such as the window mean, in double precision; the cost is the fullest GPU itself.
 *
 * <p>Moves are priced by {@code sum_g (L_g / T)^p} with T the fullest GPU's load when prices were last refreshed: at large
 * p that orders placements by their fullest GPU, then by the next, as far as it matters, and still sees progress while
 * several GPUs are equally full.
 */
public final class MeanLoads implements GpuLoads {
    private final ReplicaLoad load;
    private final double unit;
    private final int squarings;

    private Placement placement;
    private double[] gpuLoad;
    private double[] gpuPower;
    /** What each replica of an expert adds, with the replicas it has, {@code [experts]}. */
    private final double[] each;
    private double fullest;
    private double scale;

    private int lifted;
    private double liftedTotal;

    /** @param power p, a power of two */
    public MeanLoads(ReplicaLoad load, int gpus, int power) {
        if (load.scenarios() != 1 || Integer.bitCount(power) != 1) {
            throw new IllegalArgumentException("the mean is one scenario, and the power a power of two");
        }
        this.load = load;
        squarings = Integer.numberOfTrailingZeros(power);
        each = new double[load.experts()];
        unit = load.perGpu(gpus);
    }

    @Override
    public int experts() {
        return load.experts();
    }

    @Override
    public int effort() {
        return 1;
    }

    @Override
    public double cost() {
        return fullest;
    }

    @Override
    public double share(int gpu) {
        return gpuPower[gpu];
    }

    @Override
    public double[] weights(double risk) {
        double[] weights = new double[load.experts()];
        Arrays.setAll(weights, e -> load(e, 1));
        return weights;
    }

    @Override
    public void reset(Placement p) {
        placement = p;
        gpuLoad = new double[p.gpus()];
        gpuPower = new double[p.gpus()];
        for (int e = 0; e < each.length; e++) {
            each[e] = p.replicas[e] == 0 ? 0 : load(e, p.replicas[e]);
        }
        for (int slot = 0; slot < p.slots(); slot++) {
            gpuLoad[p.gpuOf[slot]] += load(p.expert[slot]);
        }
        refresh();
    }

    @Override
    public double swapPrice(int slot, int other) {
        int g = placement.gpuOf[slot];
        int h = placement.gpuOf[other];
        double change = load(placement.expert[other]) - load(placement.expert[slot]);
        return power(gpuLoad[g] + change) + power(gpuLoad[h] - change) - gpuPower[g] - gpuPower[h];
    }

    @Override
    public void lift(int slot) {
        lifted = slot;
        int g = placement.gpuOf[slot];
        int e = placement.expert[slot];
        liftedTotal = -gpuPower[g];
        for (int i = 0; e >= 0 && i < placement.replicas[e]; i++) {
            int h = placement.gpusOf[e][i];
            if (h != g) {
                liftedTotal += grown(h, e, placement.replicas[e] - 1, 0) - gpuPower[h];
            }
        }
    }

    @Override
    public double replacePrice(int expert) {
        int g = placement.gpuOf[lifted];
        int out = placement.expert[lifted];
        double rest = gpuLoad[g] - load(out);
        if (expert < 0) {
            return liftedTotal + power(rest);
        }
        int r = placement.replicas[expert];
        double total = liftedTotal + power(rest + load(expert, r + 1));
        for (int i = 0; i < r; i++) {
            int h = placement.gpusOf[expert][i];
            if (out >= 0 && placement.holds(h, out)) {
                double outGrowth = load(out, placement.replicas[out] - 1) - load(out);
                total += grown(h, expert, r + 1, outGrowth) - power(gpuLoad[h] + outGrowth);
            } else {
                total += grown(h, expert, r + 1, 0) - gpuPower[h];
            }
        }
        return total;
    }

    /** The power of a GPU's load once an expert on it has another number of replicas. */
    private double grown(int gpu, int expert, int replicas, double plus) {
        return power(gpuLoad[gpu] + load(expert, replicas) - load(expert) + plus);
    }

    @Override
    public void swap(int slot, int other) {
        double change = load(placement.expert[other]) - load(placement.expert[slot]);
        gpuLoad[placement.gpuOf[slot]] += change;
        gpuLoad[placement.gpuOf[other]] -= change;
        refresh();
    }

    @Override
    public void replace(int slot, int expert) {
        int g = placement.gpuOf[slot];
        int out = placement.expert[slot];
        if (out >= 0) {
            gpuLoad[g] -= load(out);
            reshare(out, placement.replicas[out] - 1, g);
        }
        if (expert >= 0) {
            reshare(expert, placement.replicas[expert] + 1, g);
            gpuLoad[g] += load(expert);
        }
        refresh();
    }

    /** Gives an expert another number of replicas; those not on {@code gpu} take their new share. */
    private void reshare(int expert, int replicas, int gpu) {
        double share = replicas == 0 ? 0 : load(expert, replicas);
        for (int i = 0; i < placement.replicas[expert]; i++) {
            int h = placement.gpusOf[expert][i];
            if (h != gpu) {
                gpuLoad[h] += share - each[expert];
            }
        }
        each[expert] = share;
    }

    private void refresh() {
        fullest = 0;
        for (double l : gpuLoad) {
            fullest = Math.max(fullest, l);
        }
        scale = fullest > 0 ? 1 / fullest : 1;
        for (int gpu = 0; gpu < gpuLoad.length; gpu++) {
            gpuPower[gpu] = power(gpuLoad[gpu]);
        }
    }

    private double power(double l) {
        double x = l * scale;
        for (int i = 0; i < squarings; i++) {
            x *= x;
        }
        return x;
    }

    private double load(int expert) {
        return expert < 0 ? 0 : each[expert];
    }

    private double load(int expert, int replicas) {
        return load.of(0, expert, 1.0 / replicas) / unit;
    }
}
