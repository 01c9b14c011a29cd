package io.moeplan.eplb;

/** What becomes of the slots that are left where the replicas asked for do not divide by the GPUs. */
public enum SpareSlots {
    /** They hold the best further replicas. */
    FILL,
    /** They hold nothing (-1 in {@link LayerPlan#physicalToLogical}). */
    EMPTY
}
