package io.moeplan.engine.backend;

import io.moeplan.engine.model.Model;
import java.io.IOException;

/**
 * A device that runs one model. The residual stream of a wave stays with the backend; only what is {@link Wanted} of routing
 * decisions (and what an observer asks for) comes back.
 */
public interface Backend extends AutoCloseable {
    /** Makes a backend for a model. */
    @FunctionalInterface
    interface Factory {
        /**
         * Prepares the device for a model.
         *
         * @throws IOException if the device cannot run it
         */
        Backend open(Model model) throws IOException;
    }

    /** The device in a few words, for manifests and messages, such as {@code cpu (2 threads)}. */
    String device();

    /** The arithmetic, such as {@code fp32} or {@code bf16}. */
    String precision();

    /** What to think of when router logits are not finite, at the end of the message that says so. */
    default String whyNotFinite() {
        return "is the checkpoint damaged?";
    }

    /**
     * Bytes taken beside waves: the program itself, and the weights in memory.
     *
     * @param layers    how many layers run, from the first
     * @param routeOnly whether the last of them ends with its router
     */
    long fixedBytes(int layers, boolean routeOnly);

    /**
     * Bytes a wave takes at its peak.
     *
     * @param tokens  tokens of all its sequences
     * @param longest tokens of its longest sequence
     */
    long waveBytes(long tokens, int longest);

    /** Tokens of a wave beyond which it is no faster, and only hands over later what it recorded. */
    default long enoughTokens() {
        return Long.MAX_VALUE;
    }

    /** Announces a run, so that weights can be read ahead; its waves begin one after the other. */
    void start(Schedule schedule);

    /** What reading ahead has taken since {@link #start}. */
    Reading reading();

    /**
     * Embeds the sequences and holds their residual stream until the wave is closed.
     *
     * @param wanted is told what its routers decide
     */
    Wave begin(Sequences sequences, Wanted wanted);

    /**
     * Room for sequences that grow.
     *
     * @param longest tokens that a sequence may come to have
     * @param rows    tokens of a wave at most
     * @throws IllegalArgumentException if the device does not generate
     */
    default Past past(int longest, int rows) {
        throw new IllegalArgumentException(device() + " does not generate text; do it on the CPU");
    }

    @Override
    void close();
}
