package io.moeplan.eplb.replay;

/**
 * Neighbouring tokens of one request that a rank runs in one step.
 *
 * @param request index of the request in the trace
 * @param from    position of the first of them in the request
 * @param tokens  how many
 */
record Slice(int rank, int request, int from, int tokens) {}
