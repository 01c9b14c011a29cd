package io.moeplan.eplb.search;

/**
 * The load of every GPU under a placement, and the price of changing it. Prices are changes of {@link #cost} (to first
 * order, in its units); negative is better. Loads follow the placement only through {@link #swap} and {@link #replace},
 * which are called before the placement itself is changed.
 */
public sealed interface GpuLoads permits SmoothedLoads, MeanLoads {
    /** Experts that the loads are known of. */
    int experts();

    /** Numbers touched by pricing one swap, about: what work is counted in. */
    int effort();

    /** What is minimised: about the fullest GPU's load, in units of the mean GPU load. */
    double cost();

    /** Whether a move never costs more than its price says; if not, it is to be undone where it did not help. */
    default boolean keepsPromises() {
        return true;
    }

    /** How much a GPU contributes to the cost. */
    double share(int gpu);

    /**
     * A planning weight of each expert, {@code [experts]}: its mean load over scenarios plus {@code risk} standard
     * deviations.
     */
    double[] weights(double risk);

    /** Computes everything anew from a placement. */
    void reset(Placement placement);

    /** The price of two slots on different GPUs exchanging what they hold (one may be empty). */
    double swapPrice(int slot, int other);

    /**
     * Prices what a slot holds leaving it, its other replicas taking over, for the calls of {@link #replacePrice} that
     * follow.
     */
    void lift(int slot);

    /** The price of the slot given to {@link #lift} holding another expert (or nothing, -1) instead. */
    double replacePrice(int expert);

    /** Applies a swap. */
    void swap(int slot, int other);

    /** Applies a replacement. */
    void replace(int slot, int expert);
}
