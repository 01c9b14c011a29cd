package io.moeplan.eplb.judge;

/** A range that a figure lies in with some confidence. */
public record Interval(double low, double high) {}
