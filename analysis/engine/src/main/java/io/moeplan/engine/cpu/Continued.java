package io.moeplan.engine.cpu;

import io.moeplan.engine.model.Rope;
import java.util.List;
import java.util.Map;

/**
 * What came before the sequences of a wave.
 *
 * @param rotaries  tables for all positions that a sequence may reach
 * @param sequences in the wave's order
 */
record Continued(Map<Rope, RotaryTable> rotaries, List<KeptSequence> sequences) {
    /** Of a layer with softmax attention. */
    KeyValues[] keyValues(int layer) {
        return sequences.stream().map(sequence -> sequence.keyValues()[layer]).toArray(KeyValues[]::new);
    }

    /** Of a layer with a state. */
    DeltaPast[] deltas(int layer) {
        return sequences.stream().map(sequence -> sequence.deltas()[layer]).toArray(DeltaPast[]::new);
    }
}
