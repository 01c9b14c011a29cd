package io.moeplan.tensors.matrix;

/** A place in a matrix. */
public record Cell(int row, int column) {}
