package io.moeplan.eplb.search;

/** How the tokens of an expert come to its replicas: what {@link GpuLoads} have to know of an engine's dispatch rule. */
public sealed interface Split {
    /** Every replica takes as much as any other, as in the mean over random choices. */
    record Even() implements Split {}

    /** By where the replicas lie, the same in every step. */
    record Fixed(ReplicaShares shares) implements Split {}

    /** In every step so that the fullest GPU has as little as possible. */
    record Evenest() implements Split {}
}
