package io.moeplan.cli;

import io.moeplan.eplb.Phase;
import io.moeplan.eplb.Plan;
import io.moeplan.eplb.dispatch.Dispatch;
import io.moeplan.eplb.dispatch.FixedChoice;
import io.moeplan.eplb.judge.JudgedSteps;
import io.moeplan.eplb.judge.SourceCounts;
import io.moeplan.eplb.replay.Replay;
import io.moeplan.eplb.replay.ReplayOptions;
import io.moeplan.eplb.replay.ReplaySplit;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** {@code --replay}: the steps to judge on are batched as a deployment would, instead of as they were recorded. */
final class ReplayOptionsMixin {
    @ArgGroup(exclusive = false)
    private Batching batching;

    private static final class Batching {
        @Option(names = "--replay", required = true, description = "Batch the requests of a per-token recording as a"
                + " deployment with data-parallel attention and continuous batching would, and judge on these steps.")
        private boolean replay;

        @Option(names = "--ep", paramLabel = "N", converter = AtLeastOne.class,
                description = "With --replay: expert-parallel ranks that requests are"
                        + " dealt to. Default: the plan's GPUs.")
        private Integer ranks;

        @Option(names = "--requests-per-gpu", paramLabel = "N", converter = AtLeastOne.class, defaultValue = "16",
                description = "With --replay: requests in progress on a rank, at most. Default: ${DEFAULT-VALUE}.")
        private int requests;

        @Option(names = "--prefill-chunk", paramLabel = "N", converter = AtLeastOne.class, defaultValue = "4096",
                description = "With --replay: prompt"
                        + " tokens that a rank takes in a step, at most. Default: ${DEFAULT-VALUE}.")
        private int chunk;

        @Option(names = "--phase", paramLabel = "PHASE", defaultValue = "mixed", description = "With --replay: prefill"
                + " (prompts only), decode (responses only) or mixed (both in the same steps)."
                + " Default: ${DEFAULT-VALUE}.")
        private Phase phase;

        @Option(names = "--passes", paramLabel = "N", converter = AtLeastOne.class, defaultValue = "1",
                description = "With --replay: times that all"
                        + " requests are played, so that few of them fill many ranks. Default: ${DEFAULT-VALUE}.")
        private int passes;

        @Option(names = "--steady", description = "With --replay: end it when a rank has room that no request is left"
                + " to take, as under steady load. Default: play to the last token.")
        private boolean steady;

        @Option(names = "--max-steps", paramLabel = "N", converter = AtLeastOne.class, defaultValue = "1000",
                description = "With --replay: steps after which it ends. Default: ${DEFAULT-VALUE}.")
        private int steps;
    }

    /** Whether steps are to be replayed. */
    boolean asked() {
        return batching != null && batching.replay;
    }

    /**
     * Replays requests for a plan's deployment: one rank on each GPU that is there.
     *
     * @throws IllegalArgumentException if there is nothing to replay, or the dispatch rule tells ranks apart and {@code --ep}
     *                                  is not the plan's GPUs
     */
    JudgedSteps run(ReplaySplit requests, Plan plan, Dispatch dispatch) {
        return run(requests, presentGpus(plan), plan.topology().gpus(), dispatch);
    }

    /**
     * The same for a deployment of which every GPU is there.
     *
     * @throws IllegalArgumentException as the other one does
     */
    JudgedSteps run(ReplaySplit requests, int gpus, Dispatch dispatch) {
        return run(requests, IntStream.range(0, gpus).toArray(), gpus, dispatch);
    }

    private JudgedSteps run(ReplaySplit requests, int[] present, int gpus, Dispatch dispatch) {
        int ranks = batching.ranks == null ? present.length : batching.ranks;
        if (ranks != present.length && dispatch instanceof FixedChoice) {
            throw new IllegalArgumentException("--ep " + ranks + ": the dispatch rule \"" + dispatch.name()
                    + "\" goes by the rank that a token comes from, and the plan is for " + present.length
                    + " GPUs: leave --ep out, or use another rule");
        }
        Replay.Result result = Replay.run(requests.judged(), options(ranks));
        SourceCounts sources = ranks == present.length
                ? result.sources().onGpus(present, gpus)
                : SourceCounts.unknown();
        return new JudgedSteps(result.loads(), sources, requests.holdout(result.loads()), origin(ranks, result));
    }

    private ReplayOptions options(int ranks) {
        return ReplayOptions.of(ranks).withRequestsPerRank(batching.requests).withPrefillChunk(batching.chunk)
                .withPhase(batching.phase).withMaxSteps(batching.steps)
                .withPasses(batching.passes, 0).withDrain(!batching.steady);
    }

    private static int[] presentGpus(Plan plan) {
        List<Integer> absent = plan.requirements().absent();
        return IntStream.range(0, plan.topology().gpus()).filter(gpu -> !absent.contains(gpu)).toArray();
    }

    private String origin(int ranks, Replay.Result result) {
        String end = result.loads().steps().size() == batching.steps ? "--max-steps was reached" : "a rank had room";
        String played = result.left() == 0
                ? " all tokens played"
                : String.format(Locale.ROOT, " %,d tokens left when %s", result.left(), end);
        return String.format(Locale.ROOT,
                "Replay: %d ranks, up to %d requests and %,d prompt tokens a step on each, %s;%s",
                ranks, batching.requests, batching.chunk, batching.phase.name().toLowerCase(Locale.ROOT), played);
    }
}
