package io.moeplan.eplb.search;

/** Which share of an expert's tokens each of its replicas takes, by a rule that looks at where they lie. */
@FunctionalInterface
public interface ReplicaShares {
    /**
     * The shares. They sum to 1, or to more where not all is known and every replica is to be planned with the most it may
     * get.
     *
     * @param gpus the GPUs that hold the expert, ascending, {@code [replicas]}
     * @return the share of the replica on each, {@code [replicas]}
     */
    double[] of(int[] gpus);
}
