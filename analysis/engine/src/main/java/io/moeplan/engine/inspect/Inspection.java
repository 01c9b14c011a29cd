package io.moeplan.engine.inspect;

import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Architectures;
import io.moeplan.engine.model.StoredWeights;
import java.util.Optional;

/**
 * A model directory.
 *
 * @param name         of the directory
 * @param weights      absent where there is nothing but a configuration
 * @param needs        absent as well then
 * @param tokenizer    what there is of a tokenizer, in words
 * @param chatTemplate whether there is one
 */
public record Inspection(String name, Architectures.Family family, Architecture architecture,
        Optional<StoredWeights> weights, Optional<Needs> needs, Work work, String tokenizer, boolean chatTemplate) {
    /**
     * What recording takes, by what this build plans with.
     *
     * @param minimumBytes     two layers in flight and a wave of one request of {@link #REQUEST} tokens
     * @param comfortableBytes two layers in flight and a wave of {@link #WAVE} tokens
     * @param rate             at which the weights are read
     */
    public record Needs(long minimumBytes, long comfortableBytes, ReadRate rate) {
        public static final int REQUEST = 2048;
        public static final int WAVE = 65_536;
    }

    /**
     * What a token takes.
     *
     * @param flops of recording a token of a request of {@link Needs#REQUEST} tokens, mean over its positions
     */
    public record Work(long parameters, long activeParameters, double flops) {}

    /** Seconds in which one pass reads its weights. */
    public double passSeconds() {
        return weights.orElseThrow().passBytes() / needs.orElseThrow().rate().bytesPerSecond();
    }
}
