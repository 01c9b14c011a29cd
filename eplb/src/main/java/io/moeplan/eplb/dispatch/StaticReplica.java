package io.moeplan.eplb.dispatch;

import io.moeplan.eplb.Layout;
import io.moeplan.eplb.Topology;
import io.moeplan.eplb.search.ReplicaShares;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * SGLang's {@code --ep-dispatch-algorithm static} ({@code compute_logical_to_rank_dispatch_physical_map} in
 * {@code sglang/srt/eplb/expert_location.py}): a source rank uses the expert's first replica on its own GPU; else the first
 * on its own node, if only some of the replicas are there; else the ranks that are left share all replicas fairly, each
 * replica getting as many ranks as any other or one more, drawn once and then kept. Ranks that send nothing
 * ({@link Layout#senders()}) take no one's share: they come after the others.
 *
 * <p>SGLang draws with Python's generator through all layers in turn; here the draw depends on the expert and its slots
 * alone. Both are draws from the same distribution.
 */
public record StaticReplica() implements FixedChoice {
    private static final int UNDECIDED = -1;

    @Override
    public String name() {
        return "static";
    }

    @Override
    public int[][] choices(Layout layout) {
        int[][] choices = new int[layout.experts()][layout.topology().gpus()];
        int[] senders = layout.senders();
        for (int expert = 0; expert < choices.length; expert++) {
            for (int source = 0; source < choices[expert].length; source++) {
                choices[expert][source] = nearest(layout, expert, source);
            }
            shareOut(layout, senders, expert, choices[expert]);
        }
        return choices;
    }

    private static int nearest(Layout layout, int expert, int source) {
        int node = layout.topology().nodeOf(source);
        int firstOnNode = UNDECIDED;
        int onNode = 0;
        for (int r = 0; r < layout.replicas(expert); r++) {
            int gpu = layout.gpu(expert, r);
            if (gpu == source) {
                return r;
            }
            if (layout.topology().nodeOf(gpu) == node) {
                firstOnNode = firstOnNode == UNDECIDED ? r : firstOnNode;
                onNode++;
            }
        }
        return onNode < layout.replicas(expert) ? firstOnNode : UNDECIDED;
    }

    /** Gives the ranks that have no replica nearby theirs, {@code choices[gpus]}. */
    private static void shareOut(Layout layout, int[] senders, int expert, int[] choices) {
        int[] ranks = undecided(choices);
        if (ranks.length == 0) {
            return;
        }
        int[] replicas = new int[layout.replicas(expert)];
        long seed = expert;
        for (int r = 0; r < replicas.length; r++) {
            replicas[r] = r;
            seed = 31 * seed + layout.slot(expert, r);
        }
        SplittableRandom random = new SplittableRandom(seed);
        // Who gets one rank more, then which ranks.
        shuffle(replicas, random);
        shuffle(ranks, random);
        ranks = IntStream.concat(Arrays.stream(ranks).filter(rank -> sends(senders, rank)),
                Arrays.stream(ranks).filter(rank -> !sends(senders, rank))).toArray();
        for (int i = 0; i < ranks.length; i++) {
            choices[ranks[i]] = replicas[i % replicas.length];
        }
    }

    /**
     * Exact but for the ranks that share all replicas: there every replica counts as one that drew a rank more, if some do.
     * Nobody knows before the engine draws which these will be, and the fullest GPU is one of theirs; so numbers of replicas
     * that ranks divide by come out as the better ones, which they are. These shares may sum to more than 1.
     */
    @Override
    public ReplicaShares shares(Topology topology, int[] senders) {
        int[] sendersOnNode = new int[topology.nodes()];
        boolean[] sends = new boolean[topology.gpus()];
        for (int source : senders) {
            sendersOnNode[topology.nodeOf(source)]++;
            sends[source] = true;
        }
        return gpus -> shares(topology, gpus, sends, sendersOnNode, senders.length);
    }

    private static double[] shares(Topology topology, int[] gpus, boolean[] sends, int[] sendersOnNode, int senders) {
        double[] ranks = new double[gpus.length];
        int drawn = senders;
        int end;
        for (int first = 0; first < gpus.length; first = end) {
            int node = topology.nodeOf(gpus[first]);
            int others = sendersOnNode[node];
            for (end = first; end < gpus.length && topology.nodeOf(gpus[end]) == node; end++) {
                if (sends[gpus[end]]) {
                    ranks[end]++;
                    others--;
                    drawn--;
                }
            }
            if (end - first < gpus.length) {
                ranks[first] += others;
                drawn -= others;
            }
        }
        int most = Math.ceilDiv(drawn, gpus.length);
        for (int r = 0; r < ranks.length; r++) {
            ranks[r] = (ranks[r] + most) / senders;
        }
        return ranks;
    }

    private static boolean sends(int[] senders, int rank) {
        return Arrays.binarySearch(senders, rank) >= 0;
    }

    private static int[] undecided(int[] choices) {
        int[] ranks = new int[choices.length];
        int count = 0;
        for (int source = 0; source < choices.length; source++) {
            if (choices[source] == UNDECIDED) {
                ranks[count++] = source;
            }
        }
        return Arrays.copyOf(ranks, count);
    }

    private static void shuffle(int[] items, SplittableRandom random) {
        for (int i = items.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int item = items[i];
            items[i] = items[j];
            items[j] = item;
        }
    }
}
