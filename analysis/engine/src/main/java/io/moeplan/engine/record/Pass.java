package io.moeplan.engine.record;

import io.moeplan.engine.backend.Routing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Consecutive tokens of one forward pass (or of several, once merged) and how often they chose each expert. */
final class Pass {
    private final int experts;
    /** {@code [layers * experts]} row-major. */
    private final int[] counts;
    private int tokens;
    private boolean prompt;
    private boolean response;

    Pass(int layers, int experts) {
        this.experts = experts;
        this.counts = new int[layers * experts];
    }

    int tokens() {
        return tokens;
    }

    void add(int count, byte phase) {
        tokens += count;
        prompt |= phase == RecordingSink.PROMPT;
        response |= phase == RecordingSink.RESPONSE;
    }

    /** Counts this pass's tokens, which are the routing's from {@code token} on. */
    void count(int layer, Routing routing, int token) {
        int base = layer * experts;
        int end = (token + tokens) * routing.topK();
        for (int i = token * routing.topK(); i < end; i++) {
            counts[base + routing.experts()[i]]++;
        }
    }

    /** Takes over counts of this pass, which are so many rows {@code [experts]} further on. */
    void put(int layer, MemorySegment all, int row) {
        MemorySegment.copy(all, ValueLayout.JAVA_INT, 4L * experts * row, counts, layer * experts, experts);
    }

    /** Adds another pass's tokens and counts to this one's. */
    void merge(Pass other) {
        Arrays.setAll(counts, i -> counts[i] + other.counts[i]);
        tokens += other.tokens;
        prompt |= other.prompt;
        response |= other.response;
    }

    RecordingSink.Step toStep(long number) {
        byte phase = prompt && response
                ? RecordingSink.MIXED
                : response ? RecordingSink.RESPONSE : RecordingSink.PROMPT;
        return new RecordingSink.Step(number, phase, tokens, counts);
    }
}
