package io.moeplan.eplb;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Seeded token traces for tests. */
public final class TestTokens {
    private TestTokens() {}

    /** One layer, number 0; a request has these tokens, {@code [tokens][topK]}, the first {@code prompt} its prompt. */
    public static TokenTrace.Request request(int prompt, int[]... tokens) {
        int topK = tokens.length == 0 ? 0 : tokens[0].length;
        short[] experts = new short[tokens.length * topK];
        for (int i = 0; i < experts.length; i++) {
            experts[i] = (short) tokens[i / topK][i % topK];
        }
        return new TokenTrace.Request(prompt, tokens.length - prompt, experts);
    }

    /** Requests of up to 12 prompt and 12 response tokens; a token's experts are distinct, low numbers more likely. */
    public static TokenTrace trace(Random random, int[] layerIds, int experts, int topK, int requests) {
        List<TokenTrace.Request> list = new ArrayList<>();
        for (int r = 0; r < requests; r++) {
            int prompt = random.nextInt(13);
            int response = random.nextInt(13);
            short[] chosen = new short[(prompt + response) * layerIds.length * topK];
            for (int i = 0; i < chosen.length; i += topK) {
                choose(random, experts, topK, chosen, i);
            }
            list.add(new TokenTrace.Request(prompt, response, chosen));
        }
        return new TokenTrace(layerIds, experts, topK, list);
    }

    private static void choose(Random random, int experts, int topK, short[] chosen, int from) {
        boolean[] taken = new boolean[experts];
        for (int k = 0; k < topK; k++) {
            int expert;
            do {
                expert = random.nextInt(1 + random.nextInt(experts));
            } while (taken[expert]);
            taken[expert] = true;
            chosen[from + k] = (short) expert;
        }
    }
}
