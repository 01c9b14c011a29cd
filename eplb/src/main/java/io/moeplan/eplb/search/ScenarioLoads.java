package io.moeplan.eplb.search;

import java.util.Arrays;

/** Loads over many scenarios ({@link SmoothMaximum}), every replica of an expert with an equal share of its tokens. */
public final class ScenarioLoads extends SmoothedLoads {
    /** Loads of a replica, scaled, {@code [expert][replicas][scenarios]}, made when first asked for. */
    private final float[][][] rows;
    private final float[] nothing;

    private final float[] liftedLoad;
    private final double[] liftedPrice;
    private double liftedTotal;

    /**
     * @param tail share of the scenarios to average over, the worst ones: 1 for all, 0.05 for the CVaR at 0.95
     */
    public ScenarioLoads(ReplicaLoad load, int gpus, double tail) {
        super(load, gpus, tail);
        nothing = max.nothing;
        rows = new float[load.experts()][][];
        liftedLoad = new float[scenarios];
        liftedPrice = new double[gpus];
    }

    @Override
    public int effort() {
        return scenarios;
    }

    @Override
    public void reset(Placement p) {
        placement = p;
        addUp();
        if (max.rescale()) {
            Arrays.fill(rows, null);
            addUp();
        }
        max.changed();
        max.refresh();
    }

    @Override
    public double swapPrice(int slot, int other) {
        return max.exchangePrice(placement.gpuOf[slot], placement.gpuOf[other], row(placement.expert[other]),
                row(placement.expert[slot]));
    }

    @Override
    public void lift(int slot) {
        lifted = slot;
        int g = placement.gpuOf[slot];
        int e = placement.expert[slot];
        liftedTotal = -max.share(g);
        System.arraycopy(max.load[g], 0, liftedLoad, 0, scenarios);
        if (e < 0) {
            return;
        }
        SmoothMaximum.subtract(liftedLoad, row(e));
        int r = placement.replicas[e];
        for (int i = 0; i < r && r > 1; i++) {
            int h = placement.gpusOf[e][i];
            if (h != g) {
                liftedPrice[h] = max.price(max.load[h], row(e, r - 1), row(e, r)) - max.share(h);
                liftedTotal += liftedPrice[h];
            }
        }
    }

    @Override
    public double replacePrice(int expert) {
        int out = placement.expert[lifted];
        if (expert < 0) {
            return liftedTotal + max.price(liftedLoad, nothing, nothing);
        }
        int r = placement.replicas[expert];
        float[] with = row(expert, r + 1);
        double total = liftedTotal + max.price(liftedLoad, with, nothing);
        for (int i = 0; i < r; i++) {
            int h = placement.gpusOf[expert][i];
            if (out >= 0 && placement.holds(h, out)) {
                int old = placement.replicas[out];
                total += price(max.load[h], with, row(expert), row(out, old - 1), row(out)) - max.share(h)
                        - liftedPrice[h];
            } else {
                total += max.price(max.load[h], with, row(expert)) - max.share(h);
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
        change(max.load[g], in, out);
        change(max.load[h], out, in);
        max.changed(g);
        max.changed(h);
        max.refresh();
    }

    @Override
    public void replace(int slot, int expert) {
        int g = placement.gpuOf[slot];
        int out = placement.expert[slot];
        if (out >= 0) {
            int r = placement.replicas[out];
            SmoothMaximum.subtract(max.load[g], row(out));
            reshare(out, r - 1, g);
        }
        if (expert >= 0) {
            int r = placement.replicas[expert];
            reshare(expert, r + 1, g);
            change(max.load[g], row(expert, r + 1), nothing);
        }
        max.changed(g);
        max.refresh();
    }

    /** The replicas of an expert except one on {@code gpu} take the share of one among {@code replicas}. */
    private void reshare(int expert, int replicas, int gpu) {
        for (int i = 0; i < placement.replicas[expert]; i++) {
            int h = placement.gpusOf[expert][i];
            if (h != gpu) {
                change(max.load[h], row(expert, replicas), row(expert));
                max.changed(h);
            }
        }
    }

    private void addUp() {
        max.clear();
        for (int slot = 0; slot < placement.slots(); slot++) {
            change(max.load[placement.gpuOf[slot]], row(placement.expert[slot]), nothing);
        }
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
                row[s] = (float) (load.of(s, expert, 1.0 / replicas) / max.scale[s]);
            }
            known[replicas] = row;
        }
        return known[replicas];
    }

    private double price(float[] loads, float[] in, float[] out, float[] in2, float[] out2) {
        float[] both = new float[scenarios];
        for (int s = 0; s < both.length; s++) {
            both[s] = in[s] - out[s] + in2[s];
        }
        return max.price(loads, both, out2);
    }

    private static void change(float[] loads, float[] in, float[] out) {
        for (int s = 0; s < loads.length; s++) {
            loads[s] += in[s] - out[s];
        }
    }
}
