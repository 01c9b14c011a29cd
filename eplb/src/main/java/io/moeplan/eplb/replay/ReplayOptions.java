package io.moeplan.eplb.replay;

import io.moeplan.eplb.Phase;

/**
 * The deployment that a replay stands for. Attention is data-parallel: a request stays on one rank, and every rank batches
 * its own requests; all ranks step together.
 *
 * @param ranks           expert-parallel ranks, one per GPU
 * @param requestsPerRank requests in progress on a rank at a time, at most
 * @param prefillChunk    prompt tokens that a rank takes in a step, at most, over all its requests
 * @param phase           {@code PREFILL}: prompts only, as on a prefill instance; {@code DECODE}: responses only, as on a
 *                        decode instance; {@code MIXED}: both in the same steps
 * @param deal            how requests come to ranks
 * @param passes          times that all requests are played, so that a short recording fills a large deployment; the first
 *                        time in recorded order, then in an order drawn from {@code seed}
 * @param seed            of the order of further passes
 * @param drain           whether to play on once a rank has room that no waiting request takes; a deployment under steady
 *                        load has no such steps, but only with them is every token played
 * @param maxSteps        steps after which the replay ends in any case; each takes {@code 4 * layers * experts} bytes
 */
public record ReplayOptions(int ranks, int requestsPerRank, int prefillChunk, Phase phase, Deal deal, int passes,
        long seed, boolean drain, int maxSteps) {
    private static final int MAX_RANKS = 1 << 16;

    /** @throws IllegalArgumentException if a number is below 1, or the ranks more than 65536 */
    public ReplayOptions {
        require(ranks, "--ep");
        require(requestsPerRank, "--requests-per-gpu");
        require(prefillChunk, "--prefill-chunk");
        require(passes, "--passes");
        require(maxSteps, "--max-steps");
        if (ranks > MAX_RANKS) {
            throw new IllegalArgumentException("--ep " + ranks + " is too large: use at most " + MAX_RANKS);
        }
    }

    /** 16 requests per rank, chunks of 4096 tokens, both phases, round-robin, all requests once, at most 1000 steps. */
    public static ReplayOptions of(int ranks) {
        return new ReplayOptions(ranks, 16, 4096, Phase.MIXED, Deal.ROUND_ROBIN, 1, 0, true, 1000);
    }

    public ReplayOptions withRequestsPerRank(int requests) {
        return new ReplayOptions(ranks, requests, prefillChunk, phase, deal, passes, seed, drain, maxSteps);
    }

    public ReplayOptions withPrefillChunk(int tokens) {
        return new ReplayOptions(ranks, requestsPerRank, tokens, phase, deal, passes, seed, drain, maxSteps);
    }

    public ReplayOptions withPhase(Phase only) {
        return new ReplayOptions(ranks, requestsPerRank, prefillChunk, only, deal, passes, seed, drain, maxSteps);
    }

    public ReplayOptions withDeal(Deal way) {
        return new ReplayOptions(ranks, requestsPerRank, prefillChunk, phase, way, passes, seed, drain, maxSteps);
    }

    public ReplayOptions withPasses(int times, long orderSeed) {
        return new ReplayOptions(ranks, requestsPerRank, prefillChunk, phase, deal, times, orderSeed, drain, maxSteps);
    }

    public ReplayOptions withDrain(boolean toTheEnd) {
        return new ReplayOptions(ranks, requestsPerRank, prefillChunk, phase, deal, passes, seed, toTheEnd, maxSteps);
    }

    public ReplayOptions withMaxSteps(int steps) {
        return new ReplayOptions(ranks, requestsPerRank, prefillChunk, phase, deal, passes, seed, drain, steps);
    }

    private static void require(int value, String option) {
        if (value < 1) {
            throw new IllegalArgumentException(option + " " + value + ": expected at least 1");
        }
    }
}
