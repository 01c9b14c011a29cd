package io.moeplan.eplb.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Loads over many scenarios ({@link SmoothMaximum}) where a replica's share depends on where all replicas of its expert lie
 * ({@link ReplicaShares}). So a move changes the load of every GPU that holds an expert which takes part in it.
 */
final class RoutedLoads extends SmoothedLoads {
    private final ReplicaShares shares;
    /** What a replica with some share adds, scaled, of each expert; made when first asked for. */
    private final List<List<Row>> rows = new ArrayList<>();

    private record Row(double share, float[] loads) {}

    RoutedLoads(ReplicaLoad load, int gpus, double tail, ReplicaShares shares) {
        super(load, gpus, tail);
        this.shares = shares;
        for (int e = 0; e < load.experts(); e++) {
            rows.add(new ArrayList<>());
        }
    }

    /** A swap touches about two GPUs for each of the two experts. */
    @Override
    public int effort() {
        return 2 * scenarios;
    }

    @Override
    public void reset(Placement p) {
        placement = p;
        addUp();
        if (max.rescale()) {
            rows.forEach(List::clear);
            addUp();
        }
        max.changed();
        max.refresh();
    }

    private void addUp() {
        max.clear();
        for (int e = 0; e < placement.replicas.length; e++) {
            int[] gpus = gpus(e, -1, -1);
            double[] share = gpus.length == 0 ? new double[0] : shares.of(gpus);
            for (int i = 0; i < gpus.length; i++) {
                SmoothMaximum.add(max.load[gpus[i]], row(e, share[i]));
            }
        }
    }

    @Override
    public double swapPrice(int slot, int other) {
        considerSwap(slot, other);
        return max.consideredPrice();
    }

    @Override
    public void lift(int slot) {
        lifted = slot;
    }

    @Override
    public double replacePrice(int expert) {
        considerReplacement(lifted, expert);
        return max.consideredPrice();
    }

    @Override
    public void swap(int slot, int other) {
        considerSwap(slot, other);
        max.apply();
    }

    @Override
    public void replace(int slot, int expert) {
        considerReplacement(slot, expert);
        max.apply();
    }

    private void considerSwap(int slot, int other) {
        int g = placement.gpuOf[slot];
        int h = placement.gpuOf[other];
        max.consider();
        consider(placement.expert[slot], g, h);
        consider(placement.expert[other], h, g);
    }

    private void considerReplacement(int slot, int expert) {
        int g = placement.gpuOf[slot];
        max.consider();
        consider(placement.expert[slot], g, -1);
        consider(expert, -1, g);
    }

    /** Takes an expert off one GPU and puts it onto another, either of which may be -1 for none. */
    private void consider(int expert, int from, int to) {
        if (expert < 0) {
            return;
        }
        addShares(expert, gpus(expert, -1, -1), false);
        addShares(expert, gpus(expert, from, to), true);
    }

    private void addShares(int expert, int[] gpus, boolean in) {
        if (gpus.length == 0) {
            return;
        }
        double[] share = shares.of(gpus);
        for (int i = 0; i < gpus.length; i++) {
            float[] change = max.change(gpus[i]);
            if (in) {
                SmoothMaximum.add(change, row(expert, share[i]));
            } else {
                SmoothMaximum.subtract(change, row(expert, share[i]));
            }
        }
    }

    /** The GPUs that hold an expert, ascending, without one and with another (-1: none). */
    private int[] gpus(int expert, int without, int with) {
        int held = placement.replicas[expert];
        int[] gpus = new int[held + 1];
        int count = 0;
        for (int i = 0; i < held; i++) {
            if (placement.gpusOf[expert][i] != without) {
                gpus[count++] = placement.gpusOf[expert][i];
            }
        }
        if (with >= 0) {
            gpus[count++] = with;
        }
        int[] sorted = Arrays.copyOf(gpus, count);
        Arrays.sort(sorted);
        return sorted;
    }

    private float[] row(int expert, double share) {
        for (Row known : rows.get(expert)) {
            if (known.share() == share) {
                return known.loads();
            }
        }
        float[] loads = new float[scenarios];
        for (int s = 0; s < loads.length; s++) {
            loads[s] = (float) (load.of(s, expert, share) / max.scale[s]);
        }
        rows.get(expert).add(new Row(share, loads));
        return loads;
    }
}
