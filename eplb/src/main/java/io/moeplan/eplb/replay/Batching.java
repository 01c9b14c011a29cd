package io.moeplan.eplb.replay;

import io.moeplan.eplb.Phase;
import io.moeplan.eplb.TokenTrace;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Random;

/**
 * Continuous batching with chunked prefill, as SGLang's and vLLM's schedulers do it with data-parallel attention: in every
 * step each rank first takes new requests into the room it has, then runs up to a chunk of prompt tokens of its requests,
 * oldest first, and one response token of each request whose prompt is done.
 *
 * <p>A request's last response token is run too, though an engine ends before it: so every recorded token counts.
 */
final class Batching {
    /** A request in progress. */
    private static final class Running {
        final int request;
        final int promptEnd;
        final int end;
        int next;

        Running(int request, int next, int promptEnd, int end) {
            this.request = request;
            this.next = next;
            this.promptEnd = promptEnd;
            this.end = end;
        }
    }

    private final ReplayOptions options;
    private final TokenTrace trace;
    /** One queue per rank, or one for all. */
    private final List<Queue<Integer>> waiting = new ArrayList<>();
    private final List<List<Running>> running = new ArrayList<>();

    Batching(TokenTrace trace, ReplayOptions options) {
        this.trace = trace;
        this.options = options;
        int queues = options.deal() == Deal.ROUND_ROBIN ? options.ranks() : 1;
        for (int queue = 0; queue < queues; queue++) {
            waiting.add(new ArrayDeque<>());
        }
        for (int rank = 0; rank < options.ranks(); rank++) {
            running.add(new ArrayList<>());
        }
        List<Integer> order = inOrder();
        for (int i = 0; i < order.size(); i++) {
            waiting.get(i % queues).add(order.get(i));
        }
    }

    /** The requests that have something to run, for all passes. */
    private List<Integer> inOrder() {
        List<Integer> pass = new ArrayList<>();
        for (int request = 0; request < trace.requests().size(); request++) {
            Running whole = start(request);
            if (whole.next < whole.end) {
                pass.add(request);
            }
        }
        List<Integer> all = new ArrayList<>(pass);
        Random random = new Random(options.seed());
        for (int further = 1; further < options.passes(); further++) {
            Collections.shuffle(pass, random);
            all.addAll(pass);
        }
        return all;
    }

    private Running start(int request) {
        TokenTrace.Request tokens = trace.requests().get(request);
        int prompt = tokens.promptTokens();
        return new Running(request, options.phase() == Phase.DECODE ? prompt : 0, prompt,
                options.phase() == Phase.PREFILL ? prompt : tokens.tokens());
    }

    /** What runs in the next step; empty if there is nothing left, or nothing that the options ask for. */
    Slices next() {
        boolean full = admit();
        Slices slices = new Slices();
        if (!full && !options.drain()) {
            return slices;
        }
        for (int rank = 0; rank < options.ranks(); rank++) {
            run(rank, slices);
        }
        slices.trim();
        return slices;
    }

    /** Fills the ranks with waiting requests; returns whether all of them are full. */
    private boolean admit() {
        boolean full = true;
        if (options.deal() == Deal.LEAST_LOADED) {
            Queue<Integer> queue = waiting.getFirst();
            List<Running> emptiest = emptiest();
            while (emptiest.size() < options.requestsPerRank() && !queue.isEmpty()) {
                emptiest.add(start(queue.remove()));
                emptiest = emptiest();
            }
            return emptiest.size() == options.requestsPerRank();
        }
        for (int rank = 0; rank < options.ranks(); rank++) {
            Queue<Integer> queue = waiting.get(rank);
            List<Running> mine = running.get(rank);
            while (mine.size() < options.requestsPerRank() && !queue.isEmpty()) {
                mine.add(start(queue.remove()));
            }
            full &= mine.size() == options.requestsPerRank();
        }
        return full;
    }

    private List<Running> emptiest() {
        List<Running> emptiest = running.getFirst();
        for (List<Running> rank : running) {
            emptiest = rank.size() < emptiest.size() ? rank : emptiest;
        }
        return emptiest;
    }

    private void run(int rank, Slices slices) {
        int budget = options.prefillChunk();
        for (Running request : running.get(rank)) {
            int tokens = request.next < request.promptEnd ? Math.min(budget, request.promptEnd - request.next) : 1;
            if (tokens > 0) {
                budget -= request.next < request.promptEnd ? tokens : 0;
                slices.add(rank, request.request, request.next, tokens);
                request.next += tokens;
            }
        }
        running.get(rank).removeIf(request -> request.next == request.end);
    }
}
