package io.moeplan.engine.generate;

import java.util.Comparator;
import java.util.stream.IntStream;

/** Chooses tokens; keeps nothing from one to the next, so that a choice depends on its logits, request and position only. */
public final class Sampler {
    private final Sampling sampling;

    public Sampler(Sampling sampling) {
        this.sampling = sampling;
    }

    /**
     * The token that comes at a position.
     *
     * @param logits   {@code [vocabulary]}, finite
     * @param request  number of the request in the workload
     * @param position position of the new token
     */
    public int choose(float[] logits, int request, int position) {
        int best = 0;
        for (int id = 1; id < logits.length; id++) {
            if (logits[id] > logits[best]) {
                best = id;
            }
        }
        if (sampling.temperature() == 0) {
            return best;
        }
        double[] shares = new double[logits.length];
        double sum = 0;
        for (int id = 0; id < logits.length; id++) {
            shares[id] = Math.exp(((double) logits[id] - logits[best]) / sampling.temperature());
            sum += shares[id];
        }
        double draw = uniform(sampling.seed(), request, position);
        return sampling.topP() == 1 ? draw(shares, all(shares), sum * draw) : nucleus(shares, sum, draw);
    }

    private static int[] all(double[] shares) {
        return IntStream.range(0, shares.length).toArray();
    }

    /** Nucleus sampling (Holtzman et al. 2020, arXiv 1904.09751). */
    private int nucleus(double[] shares, double sum, double draw) {
        // Tokens below this have less than 1 - p together, so the nucleus is full before it comes to one of them.
        double least = sum * (1 - sampling.topP()) / shares.length;
        int[] ids = IntStream.range(0, shares.length).filter(id -> shares[id] >= least).boxed()
                .sorted(Comparator.comparingDouble((Integer id) -> -shares[id])).mapToInt(Integer::intValue).toArray();
        double kept = 0;
        int count = 0;
        while (count < ids.length && kept < sampling.topP() * sum) {
            kept += shares[ids[count++]];
        }
        return draw(shares, IntStream.of(ids).limit(count).toArray(), kept * draw);
    }

    /** The token in whose stretch of the line {@code at} lies. */
    private static int draw(double[] shares, int[] ids, double at) {
        double passed = 0;
        int last = ids[0];
        for (int id : ids) {
            passed += shares[id];
            if (shares[id] > 0) {
                last = id;
            }
            if (at < passed) {
                return id;
            }
        }
        // Rounding may leave the end of the line uncovered.
        return last;
    }

    /** From 0 (included) to 1, from three numbers by the mixing function of SplitMix64 (Steele et al. 2014). */
    static double uniform(long seed, int request, int position) {
        long mixed = mix(mix(mix(seed) + request) + position);
        return (mixed >>> 11) * 0x1.0p-53;
    }

    private static long mix(long x) {
        long z = x + 0x9e3779b97f4a7c15L;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
