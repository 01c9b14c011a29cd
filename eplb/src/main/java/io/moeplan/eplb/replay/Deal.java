package io.moeplan.eplb.replay;

/** How requests come to ranks. */
public enum Deal {
    /** Request i waits for rank {@code i mod ranks}. */
    ROUND_ROBIN,
    /** Requests wait together; the first goes to the rank with the fewest in progress that has room, the lowest of equals. */
    LEAST_LOADED
}
