package io.moeplan.eplb;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Expert loads of requests that follow each other, seeded: each request is about one of a few topics, which has experts of
 * its own, and goes its own way beside. A step holds some requests, so that loads scatter far more than by sampling, and
 * along as many directions as there are requests.
 */
public final class RequestLoads {
    private static final int TOPICS = 6;
    private static final int REQUEST_TOKENS = 300;
    private static final int STEP_TOKENS = 2048;
    private static final int TOP_K = 4;
    /** Standard deviation of log-loads between topics, and between requests of a topic. */
    private static final double TOPIC_SPREAD = 1;
    private static final double REQUEST_SPREAD = 0.8;
    /** Chance that a request is about something else than the one before it. */
    private static final double TURN = 0.5;

    private RequestLoads() {}

    /** One layer, in steps of 2,048 tokens. */
    public static LoadTrace trace(int experts, int steps, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double[][] topics = new double[TOPICS][experts];
        for (double[] topic : topics) {
            Arrays.setAll(topic, e -> TOPIC_SPREAD * random.nextGaussian());
        }
        int[][] counts = new int[steps][experts];
        int topic = 0;
        double[] cumulative = new double[experts];
        for (int token = 0; token < steps * STEP_TOKENS; token++) {
            if (token % REQUEST_TOKENS == 0) {
                topic = random.nextDouble() < TURN ? random.nextInt(TOPICS) : topic;
                double sum = 0;
                for (int e = 0; e < experts; e++) {
                    sum += Math.exp(topics[topic][e] + REQUEST_SPREAD * random.nextGaussian());
                    cumulative[e] = sum;
                }
            }
            for (int k = 0; k < TOP_K; k++) {
                int at = Arrays.binarySearch(cumulative, random.nextDouble() * cumulative[experts - 1]);
                counts[token / STEP_TOKENS][Math.min(experts - 1, at < 0 ? -at - 1 : at + 1)]++;
            }
        }
        List<LoadTrace.Step> list = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            list.add(new LoadTrace.Step(step, Phase.PREFILL, STEP_TOKENS, counts[step]));
        }
        return new LoadTrace(new int[]{0}, experts, list);
    }
}
