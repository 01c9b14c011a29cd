package io.moeplan.eplb;

/** Whether the experts of a router's group must share a node. */
public enum GroupPlacement {
    /** Every expert may lie anywhere. */
    FREE,
    /** All replicas of a group's experts lie on one node, so that group-limited routing sends a token to few nodes. */
    PINNED
}
