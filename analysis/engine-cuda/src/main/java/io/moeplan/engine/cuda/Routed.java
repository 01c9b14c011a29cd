package io.moeplan.engine.cuda;

/**
 * What some tokens' routers decided, on the device.
 *
 * @param ids      int32 {@code [tokens][topK]}
 * @param packed   the same as uint16, for the recording
 * @param weights  float32 {@code [tokens][topK]}
 * @param offsets  int32 {@code [experts + 1]}, the first sorted row of each expert
 * @param rowToken int32 {@code [tokens * topK]}, the token of each sorted row
 * @param slotRow  int32 {@code [tokens * topK]}, the sorted row of each choice
 */
record Routed(long ids, long packed, long weights, long offsets, long rowToken, long slotRow) {}
