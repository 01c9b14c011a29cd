package io.moeplan.engine;

import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Cost;
import io.moeplan.engine.model.FeedForward;
import java.util.List;

/** Floating-point operations of one wave, layer by layer. */
final class WaveCost {
    private final Architecture architecture;
    private final long tokens;
    private final long attention;

    WaveCost(Architecture architecture, List<int[]> sequences) {
        this.architecture = architecture;
        long total = 0;
        long flops = 0;
        for (int[] sequence : sequences) {
            total += sequence.length;
            for (int position = 0; position < sequence.length; position++) {
                flops += Cost.attend(architecture, position);
            }
        }
        tokens = total;
        attention = flops + total * Cost.keysValues(architecture);
    }

    /** @param routeOnly whether the layer ends with its router */
    long layer(int layer, boolean routeOnly) {
        return attention + switch (architecture.layers().get(layer)) {
            case FeedForward.Dense dense -> tokens * Cost.mlp(architecture, dense.width());
            case FeedForward.Sparse sparse -> tokens * Cost.route(architecture, sparse)
                    + (routeOnly ? 0 : tokens * sparse.router().topK() * Cost.mlp(architecture, sparse.width()));
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
