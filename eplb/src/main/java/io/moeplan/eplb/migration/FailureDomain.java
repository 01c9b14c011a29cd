package io.moeplan.eplb.migration;

/** What is lost at once. */
public enum FailureDomain {
    GPU, NODE
}
