package io.moeplan.eplb.dispatch;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.search.Split;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Every token takes a replica of its expert at random, all equally likely: vLLM's rule (a pseudo-random replica per token,
 * {@code eplb_map_to_physical_and_record} in {@code vllm/model_executor/layers/fused_moe}), here {@code random}, and
 * SGLang's {@code --ep-dispatch-algorithm dynamic} ({@code sglang/srt/eplb/expert_location_dispatch.py}), here
 * {@code dynamic}. Where a token comes from plays no part.
 *
 * <p>An expert's tokens over its replicas are a multinomial draw, whose mean is the {@link EvenSplit}. Drawn from the seed,
 * the step's number, and the layer: the same step gives the same load, whatever was asked before.
 */
public record RandomReplica(String name, long seed) implements Dispatch {
    /** vLLM's rule, under the name {@code random}. */
    public static RandomReplica random() {
        return new RandomReplica("random", 0);
    }

    /** SGLang's rule, under the name {@code dynamic}. */
    public static RandomReplica dynamic() {
        return new RandomReplica("dynamic", 0);
    }

    @Override
    public Split split(Topology topology, int[] senders) {
        return new Split.Even();
    }

    @Override
    public LayerDispatch on(Layout layout) {
        return (step, load) -> {
            Arrays.fill(load, 0);
            // Odd multipliers that are not the generator's own step, or neighbours would share their sequences.
            SplittableRandom random = new SplittableRandom(
                    seed + 0xD1B54A32D192ED03L * step.id() + 0xABC98388FB8FAC03L * step.layer());
            for (int expert = 0; expert < layout.experts(); expert++) {
                draw(layout, expert, step.count(expert), random, load);
            }
        };
    }

    /** A multinomial draw as a chain of binomial ones: the next replica takes a fair part of what is left. */
    private static void draw(Layout layout, int expert, int tokens, SplittableRandom random, double[] load) {
        int left = tokens;
        int last = layout.replicas(expert) - 1;
        for (int r = 0; r < last; r++) {
            int drawn = Binomial.draw(random, left, 1.0 / (last + 1 - r));
            load[layout.gpu(expert, r)] += drawn;
            left -= drawn;
        }
        load[layout.gpu(expert, last)] += left;
    }
}
