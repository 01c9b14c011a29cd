package io.moeplan.eplb.search;

/** The {@link Affinity} of experts under a placement that changes: what it costs, and what moves would. */
final class Attraction {
    private final Affinity affinity;
    private final int[] node;
    private Placement placement;
    /** The pull of what lies on a GPU (node) on each expert: sum over its replicas f of pull[e][f] / replicas_f. */
    private double[][] gpuPull;
    private double[][] nodePull;

    Attraction(Affinity affinity, int[] node) {
        this.affinity = affinity;
        this.node = node;
    }

    void reset(Placement p, int nodes) {
        placement = p;
        gpuPull = new double[p.gpus()][p.replicas.length];
        nodePull = new double[nodes][p.replicas.length];
        for (int e = 0; e < p.replicas.length; e++) {
            add(e, 1);
        }
    }

    /** Before an expert gains or loses a replica, or a replica moves: takes its pull away; {@code 1} puts it back. */
    void add(int expert, int sign) {
        float[] pull = affinity.pull()[expert];
        for (int i = 0; i < placement.replicas[expert]; i++) {
            int gpu = placement.gpusOf[expert][i];
            double share = (double) sign / placement.replicas[expert];
            for (int e = 0; e < pull.length; e++) {
                gpuPull[gpu][e] += share * pull[e];
                nodePull[node[gpu]][e] += share * pull[e];
            }
        }
    }

    double cost() {
        double sum = 0;
        for (int e = 0; e < placement.replicas.length; e++) {
            sum += felt(e);
        }
        // Each pair has been counted from both sides.
        return -sum / 2;
    }

    double swapPrice(int slot, int other) {
        int g = placement.gpuOf[slot];
        int h = placement.gpuOf[other];
        int a = placement.expert[slot];
        int b = placement.expert[other];
        double price = moved(a, g, h) + moved(b, h, g);
        if (a >= 0 && b >= 0) {
            double weight = affinity.gpuWeight() + (node[g] == node[h] ? 0 : affinity.nodeWeight());
            price += 2 * weight * affinity.pull()[a][b] / placement.replicas[a] / placement.replicas[b];
        }
        return price;
    }

    /** To first order: the pull between the two experts is taken as it was. */
    double replacePrice(int slot, int expert) {
        int g = placement.gpuOf[slot];
        int out = placement.expert[slot];
        double price = 0;
        if (out >= 0) {
            int r = placement.replicas[out];
            price += felt(out) - (r == 1 ? 0 : (felt(out) * r - at(out, g)) / (r - 1));
        }
        if (expert >= 0) {
            int r = placement.replicas[expert];
            price += felt(expert) - (felt(expert) * r + at(expert, g)) / (r + 1);
        }
        return price;
    }

    private double moved(int e, int from, int to) {
        return e < 0 ? 0 : (at(e, from) - at(e, to)) / placement.replicas[e];
    }

    /** What an expert feels, averaged over its replicas. */
    private double felt(int e) {
        double sum = 0;
        for (int i = 0; i < placement.replicas[e]; i++) {
            sum += at(e, placement.gpusOf[e][i]);
        }
        return placement.replicas[e] == 0 ? 0 : sum / placement.replicas[e];
    }

    private double at(int e, int gpu) {
        return affinity.gpuWeight() * gpuPull[gpu][e] + affinity.nodeWeight() * nodePull[node[gpu]][e];
    }
}
