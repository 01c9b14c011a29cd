package io.moeplan.eplb.replay;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import io.moeplan.eplb.TokenTrace;
import io.moeplan.eplb.judge.SourceCounts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A recording of single tokens, replayed in the batches of a deployment. Because a token's routing does not depend on what
 * it is batched with, one recording gives the steps of any number of ranks.
 */
public final class Replay {
    /**
     * What a replay gives.
     *
     * @param loads   the steps; their phase is that of what ran in them
     * @param sources which rank the tokens of each step came from, counted anew from the trace whenever asked, which takes
     *                less memory than keeping it
     * @param left    tokens that were not played: because the steps ended, or ranks ran dry and {@code drain} was off
     */
    public record Result(LoadTrace loads, SourceCounts sources, long left) {}

    private Replay() {}

    /**
     * Replays a trace.
     *
     * @throws IllegalArgumentException if there is nothing to play, or the ranks are never full and {@code drain} is off
     */
    public static Result run(TokenTrace trace, ReplayOptions options) {
        long left = tokens(trace, options.phase()) * options.passes();
        if (left == 0) {
            throw new IllegalArgumentException(options.phase() == Phase.DECODE
                    ? "the recording has no response tokens to decode: replay the prefill phase"
                    : "the recording has no tokens to replay");
        }
        Batching batching = new Batching(trace, options);
        List<Slices> schedule = new ArrayList<>();
        List<LoadTrace.Step> steps = new ArrayList<>();
        Slices slices = batching.next();
        while (slices.size() > 0 && steps.size() < options.maxSteps()) {
            LoadTrace.Step step = step(trace, steps.size(), slices);
            schedule.add(slices);
            steps.add(step);
            left -= step.tokens();
            slices = batching.next();
        }
        if (steps.isEmpty()) {
            throw new IllegalArgumentException("the recording's " + trace.requests().size() + " requests x "
                    + options.passes() + " passes do not fill " + options.ranks() + " ranks x "
                    + options.requestsPerRank() + " requests: use more --passes, or fewer requests per GPU");
        }
        LoadTrace loads = new LoadTrace(trace.layerIds(), trace.experts(), steps);
        return new Result(loads, new Schedule(trace, options.ranks(), List.copyOf(schedule)), left);
    }

    private static long tokens(TokenTrace trace, Phase phase) {
        return trace.requests().stream().mapToLong(request -> switch (phase) {
            case PREFILL -> request.promptTokens();
            case DECODE -> request.responseTokens();
            case MIXED -> request.tokens();
        }).sum();
    }

    private static LoadTrace.Step step(TokenTrace trace, int number, Slices slices) {
        int[] counts = new int[trace.layers() * trace.experts()];
        int prefilled = 0;
        int decoded = 0;
        for (int i = 0; i < slices.size(); i++) {
            count(trace, slices, i, counts);
            boolean prompt = slices.from(i) < trace.requests().get(slices.request(i)).promptTokens();
            prefilled += prompt ? slices.tokens(i) : 0;
            decoded += prompt ? 0 : slices.tokens(i);
        }
        Phase phase = decoded == 0 ? Phase.PREFILL : prefilled == 0 ? Phase.DECODE : Phase.MIXED;
        return new LoadTrace.Step(number, phase, prefilled + decoded, counts);
    }

    /** Adds a slice's tokens to counts, {@code [layers * experts]}. */
    private static void count(TokenTrace trace, Slices slices, int slice, int[] counts) {
        short[] chosen = trace.requests().get(slices.request(slice)).experts();
        int next = slices.from(slice) * trace.layers() * trace.topK();
        for (int token = 0; token < slices.tokens(slice); token++) {
            for (int base = 0; base < counts.length; base += trace.experts()) {
                for (int k = 0; k < trace.topK(); k++) {
                    counts[base + Short.toUnsignedInt(chosen[next++])]++;
                }
            }
        }
    }

    /** What each rank ran in each step. */
    private record Schedule(TokenTrace trace, int ranks, List<Slices> steps) implements SourceCounts {
        @Override
        public void read(int step, int[][] counts) {
            for (int[] row : counts) {
                Arrays.fill(row, 0);
            }
            Slices slices = steps.get(step);
            for (int i = 0; i < slices.size(); i++) {
                count(trace, slices, i, counts[slices.rank(i)]);
            }
        }
    }
}
