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
    private int squarings;

    private Placement placement;
    private double[] gpuLoad;
    private double[] gpuPower;
    private double fullest;

    private int lifted;
    private double liftedTotal;

    /** @param power p, a power of two */
    public MeanLoads(ReplicaLoad load, int gpus, int power) {
        if (load.scenarios() != 1 || Integer.bitCount(power) != 1) {
            throw new IllegalArgumentException("one scenario and a power of two, please");
        }
        this.load = load;
        double sum = 0;
        for (int e = 0; e < load.experts(); e++) {
            sum += load.of(0, e, 1);
        }
        unit = sum > 0 ? sum / gpus : 1;
        setPower(power);
    }

    void setPower(int power) {
        squarings = Integer.numberOfTrailingZeros(power);
        if (placement != null) {
            refresh();
        }
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
            gpuLoad[g] += load(expert, placement.replicas[expert] + 1);
        }
        refresh();
    }

    private void reshare(int expert, int replicas, int gpu) {
        for (int i = 0; i < placement.replicas[expert]; i++) {
            int h = placement.gpusOf[expert][i];
            if (h != gpu) {
                gpuLoad[h] += load(expert, replicas) - load(expert);
            }
        }
    }

    private void refresh() {
        fullest = Arrays.stream(gpuLoad).max().orElseThrow();
        for (int gpu = 0; gpu < gpuLoad.length; gpu++) {
            gpuPower[gpu] = power(gpuLoad[gpu]);
        }
    }

    private double power(double l) {
        double x = l / fullest;
        for (int i = 0; i < squarings; i++) {
            x *= x;
        }
        return x;
    }

    private double load(int expert) {
        return expert < 0 ? 0 : load(expert, placement.replicas[expert]);
    }

    private double load(int expert, int replicas) {
        return load.of(0, expert, replicas) / unit;
    }
}
