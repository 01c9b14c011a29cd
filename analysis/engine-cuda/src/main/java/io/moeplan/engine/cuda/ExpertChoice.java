package io.moeplan.engine.cuda;

import io.moeplan.engine.model.Router;
import io.moeplan.engine.model.Router.Groups;

/** Chooses each token's experts from its router logits ({@code router.cu}). */
final class ExpertChoice {
    private static final int WARPS = 8;
    private static final int MOST_EXPERTS = 1024;
    /** A warp's lanes take one each. */
    private static final int MOST_CHOSEN = 32;
    private static final int MOST_GROUPS = 32;

    private final Kernel kernel;
    private final Router router;

    /** @throws IllegalArgumentException if it does not take such a router */
    ExpertChoice(Kernels kernels, Router router) {
        if (!takes(router)) {
            throw new IllegalArgumentException("no kernel chooses experts for " + router);
        }
        this.router = router;
        Groups groups = router.groups().orElse(new Groups(1, 1, 1));
        kernel = kernels.get("router", "router", "EXPERTS=" + router.experts(), "TOP_K=" + router.topK(),
                "SCORE=" + code(router.score()), "GROUPS=" + groups.count(), "KEPT=" + groups.kept(),
                "BEST=" + groups.best());
    }

    /** Whether there is a kernel for a router: 1,024 experts, 32 of them chosen and 32 groups at most. */
    static boolean takes(Router router) {
        return router.experts() <= MOST_EXPERTS && router.topK() <= MOST_CHOSEN
                && router.groups().map(Groups::count).orElse(1) <= MOST_GROUPS;
    }

    private static int code(Router.Score score) {
        return switch (score) {
            case SOFTMAX -> 0;
            case SIGMOID -> 1;
            case SOFTMAX_OF_CHOSEN -> 2;
            case SPARSE_MIXER -> 3;
        };
    }

    /**
     * What comes in, at device addresses.
     *
     * @param logits     float32 {@code [tokens][experts]}
     * @param bias       float32 {@code [experts]}, added to the logits, or 0
     * @param correction float32 {@code [experts]}, added to the scores for the choice only, or 0
     */
    record Logits(int tokens, long logits, long bias, long correction) {}

    /**
     * What comes out, at device addresses; in descending order of the score they were chosen by.
     *
     * @param ids     int32 {@code [tokens][topK]}
     * @param packed  the ids as uint16 {@code [tokens][topK]}
     * @param weights float32 {@code [tokens][topK]}
     * @param bad     int32, becomes the first token with a logit that is not finite if there is one before it
     * @param first   number that tokens are counted from for that
     */
    record Chosen(long ids, long packed, long weights, long bad, int first) {}

    /** Queues it. */
    void choose(Stream stream, Logits in, Chosen out) {
        Router.Divisor divisor = router.divisor();
        kernel.launch(stream, new int[]{Math.ceilDiv(in.tokens, WARPS), 1, 1}, 32 * WARPS, 0, in.logits, in.bias,
                in.correction, in.tokens, divisor.sum() ? 1 : 0, (float) divisor.epsilon(), (float) divisor.floor(),
                (float) router.scale(), (float) Router.MIXER_JITTER, out.ids, out.packed, out.weights, out.bad,
                out.first);
    }
}
