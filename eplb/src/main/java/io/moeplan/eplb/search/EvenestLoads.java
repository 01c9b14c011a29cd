package io.moeplan.eplb.search;

import java.util.Arrays;

/**
 * Loads over many scenarios ({@link SmoothMaximum}), the tokens of each split over replicas so that GPUs are as even as can
 * be. Replicas connect GPUs: where one is too full, the experts on it that have replicas elsewhere give way, and there
 * others do.
 *
 * <p>The split that minimises the sum over GPUs of an increasing convex function of their loads is the same for all such
 * functions; it is approached by giving one expert after the other the best split of its tokens while all others keep
 * theirs, which is to fill its GPUs up to a common level. A few rounds of that follow each move, from where the splits were.
 *
 * <p>GPUs end up in parts of equal load, and what changes on one is shared by its part. Prices take GPUs of about the same
 * load to be of one part. That is a guess, which finds far better layouts than to hold the splits that a move does not
 * concern, and it is why this does not keep its promises.
 */
final class EvenestLoads extends SmoothedLoads {
    /** Rounds through all experts to let splits settle after a move, and from scratch. */
    private static final int ROUNDS = 4;
    private static final int FIRST_ROUNDS = 60;
    /** Pricing is as quick as elsewhere, but letting splits settle after a move takes as long as hundreds of prices. */
    private static final int EFFORT = 2;

    /** GPUs whose loads differ by less than this share of it are taken to be of one part. */
    private static final float NEAR = 0.03f;

    /** All tokens of an expert, scaled, {@code [experts][scenarios]}. */
    private final float[][] whole;
    /** What an expert adds to a GPU that holds it, scaled, {@code [experts][gpus][scenarios]}. */
    private final float[][][] part;
    private final float[] level;
    /** How many GPUs have about the same load, {@code [gpus][scenarios]}. */
    private final float[][] sharing;

    private boolean settled;

    EvenestLoads(ReplicaLoad load, int gpus, double tail) {
        super(load, gpus, tail);
        whole = new float[load.experts()][scenarios];
        part = new float[load.experts()][gpus][];
        level = new float[scenarios];
        sharing = new float[gpus][scenarios];
    }

    @Override
    public int effort() {
        return EFFORT * scenarios;
    }

    @Override
    public boolean keepsPromises() {
        return false;
    }

    @Override
    public double cost() {
        settle(ROUNDS);
        return super.cost();
    }

    @Override
    public double share(int gpu) {
        settle(ROUNDS);
        return super.share(gpu);
    }

    @Override
    public void reset(Placement p) {
        placement = p;
        addUp();
        if (max.rescale()) {
            addUp();
        }
        settled = false;
        settle(FIRST_ROUNDS);
        // The fullest GPU may have become much emptier.
        if (max.rescale()) {
            addUp();
            settled = false;
            settle(FIRST_ROUNDS);
        }
    }

    /** Starts from the even split. */
    private void addUp() {
        max.clear();
        for (int e = 0; e < whole.length; e++) {
            for (int s = 0; s < scenarios; s++) {
                whole[e][s] = (float) (load.of(s, e, 1) / max.scale[s]);
            }
            int r = placement.replicas[e];
            for (int i = 0; i < r; i++) {
                int gpu = placement.gpusOf[e][i];
                float[] equal = part(e, gpu);
                for (int s = 0; s < scenarios; s++) {
                    equal[s] = whole[e][s] / r;
                }
                SmoothMaximum.add(max.load[gpu], equal);
            }
        }
    }

    private float[] part(int expert, int gpu) {
        if (part[expert][gpu] == null) {
            part[expert][gpu] = new float[scenarios];
        }
        return part[expert][gpu];
    }

    private void settle(int rounds) {
        if (settled) {
            return;
        }
        settled = true;
        for (int round = 0; round < rounds; round++) {
            for (int e = 0; e < whole.length; e++) {
                int r = placement.replicas[e];
                if (r > 1) {
                    int[] gpus = placement.gpusOf[e];
                    for (int i = 0; i < r; i++) {
                        SmoothMaximum.subtract(max.load[gpus[i]], part(e, gpus[i]));
                    }
                    findLevel(e, gpus, r, false);
                    for (int i = 0; i < r; i++) {
                        fill(part(e, gpus[i]), max.load[gpus[i]], max.nothing);
                        SmoothMaximum.add(max.load[gpus[i]], part(e, gpus[i]));
                    }
                }
            }
        }
        max.changed();
        max.refresh();
        countSharing();
    }

    private void countSharing() {
        for (float[] counts : sharing) {
            Arrays.fill(counts, 1);
        }
        for (int g = 0; g < sharing.length; g++) {
            for (int h = g + 1; h < sharing.length; h++) {
                float[] first = max.load[g];
                float[] second = max.load[h];
                for (int s = 0; s < scenarios; s++) {
                    float one = Math.abs(first[s] - second[s]) < NEAR * first[s] ? 1 : 0;
                    sharing[g][s] += one;
                    sharing[h][s] += one;
                }
            }
        }
    }

    /** The level up to which an expert fills its GPUs, whose loads (with the changes considered or not) are without it. */
    private void findLevel(int expert, int[] gpus, int replicas, boolean considered) {
        float[][] loads = new float[replicas][];
        for (int i = 0; i < replicas; i++) {
            loads[i] = max.load[gpus[i]];
            if (considered) {
                loads[i] = loads[i].clone();
                SmoothMaximum.add(loads[i], max.change(gpus[i]));
            }
        }
        float[] tokens = whole[expert];
        for (int s = 0; s < scenarios; s++) {
            float filled = Float.POSITIVE_INFINITY;
            int below = replicas;
            // The GPUs above the level take nothing; without them it is lower, and there may be more of them.
            while (true) {
                float sum = tokens[s];
                int count = 0;
                for (float[] l : loads) {
                    if (l[s] < filled) {
                        sum += l[s];
                        count++;
                    }
                }
                filled = count == 0 ? filled : sum / count;
                if (count == below || count == 0) {
                    break;
                }
                below = count;
            }
            level[s] = filled;
        }
    }

    /** What a GPU with these loads takes to come up to the level. */
    private void fill(float[] to, float[] loads, float[] change) {
        for (int s = 0; s < scenarios; s++) {
            to[s] = Math.max(0, level[s] - loads[s] - change[s]);
        }
    }

    @Override
    public double swapPrice(int slot, int other) {
        settle(ROUNDS);
        int g = placement.gpuOf[slot];
        int h = placement.gpuOf[other];
        float[] in = held(placement.expert[other], h);
        float[] out = held(placement.expert[slot], g);
        return max.sharedPrice(g, in, out, sharing[g]) + max.sharedPrice(h, out, in, sharing[h]);
    }

    private float[] held(int expert, int gpu) {
        return expert < 0 ? max.nothing : part(expert, gpu);
    }

    @Override
    public void lift(int slot) {
        settle(ROUNDS);
        lifted = slot;
    }

    @Override
    public double replacePrice(int expert) {
        considerReplacement(lifted, expert, false);
        return max.consideredPrice(sharing);
    }

    @Override
    public void swap(int slot, int other) {
        settle(ROUNDS);
        int g = placement.gpuOf[slot];
        int h = placement.gpuOf[other];
        move(placement.expert[slot], g, h);
        move(placement.expert[other], h, g);
        settled = false;
    }

    private void move(int expert, int from, int to) {
        if (expert >= 0) {
            SmoothMaximum.subtract(max.load[from], part(expert, from));
            System.arraycopy(part(expert, from), 0, part(expert, to), 0, scenarios);
            SmoothMaximum.add(max.load[to], part(expert, to));
        }
    }

    @Override
    public void replace(int slot, int expert) {
        settle(ROUNDS);
        considerReplacement(slot, expert, true);
        max.apply();
        settled = false;
    }

    private void considerReplacement(int slot, int expert, boolean keep) {
        int g = placement.gpuOf[slot];
        int out = placement.expert[slot];
        max.consider();
        if (out >= 0) {
            spread(out, without(out, g), keep);
        }
        if (expert >= 0) {
            spread(expert, with(expert, g), keep);
        }
    }

    /** Takes an expert away where it is and fills it into these GPUs. */
    private void spread(int expert, int[] gpus, boolean keep) {
        for (int i = 0; i < placement.replicas[expert]; i++) {
            int gpu = placement.gpusOf[expert][i];
            SmoothMaximum.subtract(max.change(gpu), part(expert, gpu));
        }
        findLevel(expert, gpus, gpus.length, true);
        for (int gpu : gpus) {
            float[] filled = keep ? part(expert, gpu) : new float[scenarios];
            float[] change = max.change(gpu);
            fill(filled, max.load[gpu], change);
            SmoothMaximum.add(change, filled);
        }
    }

    private int[] without(int expert, int gpu) {
        return Arrays.stream(placement.gpusOf[expert], 0, placement.replicas[expert]).filter(h -> h != gpu).toArray();
    }

    private int[] with(int expert, int gpu) {
        int r = placement.replicas[expert];
        int[] gpus = Arrays.copyOf(placement.gpusOf[expert], r + 1);
        gpus[r] = gpu;
        return gpus;
    }
}
