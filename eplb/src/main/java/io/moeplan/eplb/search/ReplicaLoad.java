package io.moeplan.eplb.search;

/**
 * What one replica of an expert adds to the GPU that holds it, in each scenario (a recorded or forecast step). GPU loads
 * are sums of these, so an objective is a choice of scenarios and of this function.
 */
public interface ReplicaLoad {
    /** Tokens that experts get, {@code [scenarios][experts]}; one scenario or more. */
    float[][] tokens();

    default int scenarios() {
        return tokens().length;
    }

    /** Logical experts. */
    default int experts() {
        return tokens()[0].length;
    }

    /**
     * The load of a replica that takes this share of its expert's tokens; finite and not negative. Any unit.
     *
     * @param share 0 to 1; {@code 1 / replicas} under even split
     */
    double of(int scenario, int expert, double share);

    /** The mean GPU load with every expert once, averaged over scenarios; 1 if there is none. */
    default double perGpu(int gpus) {
        double sum = 0;
        for (int s = 0; s < scenarios(); s++) {
            for (int e = 0; e < experts(); e++) {
                sum += of(s, e, 1);
            }
        }
        return sum > 0 ? sum / scenarios() / gpus : 1;
    }

    /**
     * A planning weight of each expert, {@code [experts]}: its mean load over scenarios plus {@code risk} standard
     * deviations, in units of {@code unit}.
     */
    default double[] weights(double unit, double risk) {
        double[] weights = new double[experts()];
        for (int e = 0; e < weights.length; e++) {
            double sum = 0;
            double squares = 0;
            for (int s = 0; s < scenarios(); s++) {
                double l = of(s, e, 1) / unit;
                sum += l;
                squares += l * l;
            }
            double mean = sum / scenarios();
            weights[e] = mean + risk * Math.sqrt(Math.max(0, squares / scenarios() - mean * mean));
        }
        return weights;
    }
}
