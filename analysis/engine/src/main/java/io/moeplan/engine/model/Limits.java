package io.moeplan.engine.model;

/** The largest sizes a configuration may claim: far above any real model, low enough that products fit an int. */
final class Limits {
    static final int WIDTH = 1 << 20;
    static final int HEADS = 1 << 12;
    static final int HEAD_DIM = 1 << 12;
    static final int LAYERS = 10_000;
    /** Recordings keep expert numbers in 16 bits. */
    static final int EXPERTS = 1 << 16;
    static final int TOP_K = 1 << 10;
    static final int VOCABULARY = 1 << 24;
    static final int POSITIONS = 1 << 28;

    private Limits() {}
}
