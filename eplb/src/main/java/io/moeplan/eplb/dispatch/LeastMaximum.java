package io.moeplan.eplb.dispatch;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.search.Split;

/**
 * Splits every step's tokens over the replicas so that the fullest GPU has as little as any split allows: SGLang's
 * {@code --ep-dispatch-algorithm lp} and DeepSeek's LPLB, which solve a linear program per batch. Tokens may be split in
 * fractions, as the program's may. Where they come from plays no part.
 *
 * <p>Of all the splits with the least maximum this is the one that is also the most even below it: the second fullest GPU
 * has the least that the fullest allows, and so on.
 */
public record LeastMaximum() implements Dispatch {
    @Override
    public String name() {
        return "lp";
    }

    @Override
    public Split split(Topology topology, int[] senders) {
        return new Split.Evenest();
    }

    @Override
    public LayerDispatch on(Layout layout) {
        return new EvenestSplit(layout)::gpuLoad;
    }
}
