package io.moeplan.engine.record;

import io.moeplan.engine.model.ModelInfo;
import java.io.IOException;

/**
 * Turns parts of passes into steps: a pass or, in stat mode, so many passes make one. Since all passes but a dump's last
 * are full, a step is complete when it has its number of tokens.
 */
final class StepAssembler {
    private final int layers;
    private final int experts;
    private final int passTokens;
    private final long stepTokens;
    /** The step that is not complete yet, null if it has no tokens. */
    private Pass open;
    private long steps;

    /** @param first number of the first step */
    StepAssembler(ModelInfo model, RecordingOptions options, long first) {
        steps = first;
        layers = model.moeLayers().length;
        experts = model.experts();
        passTokens = options.passTokens();
        stepTokens = (long) passTokens * (options.mode() == RecordingMode.STAT ? options.statPasses() : 1);
    }

    int passTokens() {
        return passTokens;
    }

    /** Tokens the pass in progress still takes, from 1 to {@link #passTokens}. */
    int room() {
        return open == null ? passTokens : passTokens - open.tokens() % passTokens;
    }

    Pass newPass() {
        return new Pass(layers, experts);
    }

    /** Takes in the next pass (or the rest of one in progress) and emits a step if that completes it. */
    void add(Pass pass, RecordingSink sink) throws IOException {
        if (open == null) {
            open = pass;
        } else {
            open.merge(pass);
        }
        if (open.tokens() >= stepTokens) {
            finish(sink);
        }
    }

    /** Emits the step in progress, if it has any tokens. */
    void finish(RecordingSink sink) throws IOException {
        if (open != null) {
            sink.step(open.toStep(steps++));
            open = null;
        }
    }
}
