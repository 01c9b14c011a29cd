package io.moeplan.eplb;

import java.util.List;

/**
 * The routing of every token of a workload: from it, loads under any batching ({@code replay}) and traffic under any layout
 * ({@code traffic}) can be worked out. All of it is in memory, two bytes for each token, layer, and choice.
 */
public final class TokenTrace {
    /**
     * The tokens of one request, prompt first.
     *
     * @param experts the logical experts of each token as unsigned 16-bit numbers, {@code [tokens][layers][topK]}
     *                row-major
     */
    public record Request(int promptTokens, int responseTokens, short[] experts) {
        /** @throws IllegalArgumentException if a number is negative */
        public Request {
            if (promptTokens < 0 || responseTokens < 0) {
                throw new IllegalArgumentException("a request of " + promptTokens + " prompt and " + responseTokens
                        + " response tokens");
            }
        }

        public int tokens() {
            return promptTokens + responseTokens;
        }
    }

    private final int[] layerIds;
    private final int experts;
    private final int topK;
    private final List<Request> requests;

    /**
     * @param layerIds the model's own number of each MoE layer, {@code [layers]}
     * @param experts  logical experts per layer
     * @param topK     experts of each token in each layer
     * @param requests in the order of the workload; their arrays are kept, not copied
     * @throws IllegalArgumentException if a request has another number of choices than its tokens make, or names an expert
     *                                  that is not there
     */
    public TokenTrace(int[] layerIds, int experts, int topK, List<Request> requests) {
        this.layerIds = layerIds.clone();
        this.experts = experts;
        this.topK = topK;
        this.requests = List.copyOf(requests);
        for (int r = 0; r < requests.size(); r++) {
            check(r, requests.get(r));
        }
    }

    private void check(int number, Request request) {
        long expected = (long) request.tokens() * layerIds.length * topK;
        if (request.experts().length != expected) {
            throw new IllegalArgumentException("request " + number + " has " + request.experts().length
                    + " choices of experts, expected " + expected + " (" + request.tokens() + " tokens x "
                    + layerIds.length + " layers x top " + topK + ")");
        }
        for (short expert : request.experts()) {
            if (Short.toUnsignedInt(expert) >= experts) {
                throw new IllegalArgumentException("request " + number + " has expert " + Short.toUnsignedInt(expert)
                        + ", the model has " + experts);
            }
        }
    }

    /** The requests that end within the first {@code tokens} tokens of the workload. */
    public TokenTrace within(long tokens) {
        long seen = 0;
        int kept = 0;
        while (kept < requests.size() && seen + requests.get(kept).tokens() <= tokens) {
            seen += requests.get(kept++).tokens();
        }
        return new TokenTrace(layerIds, experts, topK, requests.subList(0, kept));
    }

    /** The model's own number of each MoE layer, {@code [layers]}. */
    public int[] layerIds() {
        return layerIds.clone();
    }

    /** Number of MoE layers. */
    public int layers() {
        return layerIds.length;
    }

    /** Logical experts per layer. */
    public int experts() {
        return experts;
    }

    /** Experts of each token in each layer. */
    public int topK() {
        return topK;
    }

    public List<Request> requests() {
        return requests;
    }

    /** Tokens over all requests. */
    public long tokens() {
        return requests.stream().mapToLong(Request::tokens).sum();
    }
}
