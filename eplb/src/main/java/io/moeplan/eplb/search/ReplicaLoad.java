package io.moeplan.eplb.search;

/**
 * What one replica of an expert adds to the GPU that holds it, in each scenario (a recorded or forecast step). GPU loads
 * are sums of these, so an objective is a choice of scenarios and of this function.
 */
public interface ReplicaLoad {
    /** Number of scenarios, 1 or more. */
    int scenarios();

    /** Logical experts. */
    int experts();

    /**
     * The load that each replica of an expert adds when the expert has {@code replicas} of them; finite and not negative.
     * Any unit.
     */
    double of(int scenario, int expert, int replicas);
}
