package io.moeplan.engine;

import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.Cost;
import io.moeplan.engine.model.FeedForward;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Floating-point operations of one wave, layer by layer. */
final class WaveCost {
    private final Architecture architecture;
    private final List<int[]> sequences;
    private final long tokens;
    /** Layers of a kind share their figures. */
    private final Map<Attention, Long> attention = new HashMap<>();

    WaveCost(Architecture architecture, List<int[]> sequences) {
        this.architecture = architecture;
        this.sequences = sequences;
        this.tokens = sequences.stream().mapToLong(sequence -> sequence.length).sum();
    }

    private long attention(Attention kind) {
        long flops = tokens * Cost.keysValues(architecture, kind);
        for (int[] sequence : sequences) {
            for (int position = 0; position < sequence.length; position++) {
                flops += Cost.attend(architecture, kind, position);
            }
        }
        return flops;
    }

    /** @param routeOnly whether the layer ends with its router */
    long layer(int layer, boolean routeOnly) {
        Architecture.Layer shape = architecture.layers().get(layer);
        return attention.computeIfAbsent(shape.attention(), this::attention) + switch (shape.feedForward()) {
            case FeedForward.Dense dense -> tokens * Cost.mlp(architecture, dense.width());
            case FeedForward.Sparse sparse -> tokens * Cost.route(architecture, sparse)
                    + (routeOnly ? 0 : tokens * Cost.experts(architecture, sparse));
        };
    }

    /** @param layers how many layers run; the last ends with its router if {@code routeOnly} */
    long total(int layers, boolean routeOnly) {
        long flops = 0;
        for (int layer = 0; layer < layers; layer++) {
            flops += layer(layer, routeOnly && layer == layers - 1);
        }
        return flops;
    }
}
