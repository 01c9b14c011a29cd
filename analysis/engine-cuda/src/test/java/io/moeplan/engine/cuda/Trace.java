package io.moeplan.engine.cuda;

import io.moeplan.engine.Engine;
import io.moeplan.engine.EngineOptions;
import io.moeplan.engine.Observer;
import io.moeplan.engine.RunOptions;
import io.moeplan.engine.backend.Backend;
import io.moeplan.engine.model.ModelInfo;
import io.moeplan.engine.record.RecordingMode;
import io.moeplan.engine.record.RecordingOptions;
import io.moeplan.engine.record.RecordingSink;
import io.moeplan.engine.workload.Request;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/** All that a device computed of a workload: residual streams, logits, routing. */
final class Trace implements Observer, RecordingSink {
    /** A weight of a swapped expert that is this close to the other's is a tie. */
    private static final double TIE = 0.03;

    /** Before each layer, and after the final norm: each token's values, in the order of the workload. */
    private final Map<Integer, List<float[]>> hidden = new HashMap<>();
    private final List<float[]> logits = new ArrayList<>();
    private final List<TokenRows> rows = new ArrayList<>();
    private ModelInfo info;

    /** Runs a workload on a device, in one wave. */
    static Trace of(Path model, List<Request> requests, Backend.Factory device) throws IOException {
        return of(model, requests, device, Long.MAX_VALUE);
    }

    /** @param waveTokens tokens of a wave at most */
    static Trace of(Path model, List<Request> requests, Backend.Factory device, long waveTokens) throws IOException {
        Trace trace = new Trace();
        EngineOptions options = new EngineOptions(1L << 33, 2, warning -> {
            throw new IllegalStateException(warning);
        }, waveTokens);
        try (Engine engine = Engine.open(model, options, device)) {
            trace.info = engine.info();
            engine.recorder().start(new RecordingOptions(RecordingMode.PER_TOKEN, 2048, 1, true), trace);
            engine.run(requests, RunOptions.observedBy(trace));
        }
        return trace;
    }

    /** Requests of uneven length with random ids. */
    static List<Request> workload(int vocabulary) {
        Random random = new Random(7);
        List<Request> requests = new ArrayList<>();
        for (int length : new int[]{1, 40, 5, 97, 130, 2, 33}) {
            requests.add(new Request("r" + length, null, random.ints(length, 0, vocabulary).toArray(), new int[0]));
        }
        return requests;
    }

    @Override
    public void hidden(int layer, int request, int position, float[] values) {
        hidden.computeIfAbsent(layer, missing -> new ArrayList<>()).add(values.clone());
    }

    @Override
    public void logits(int request, int position, float[] values) {
        logits.add(values.clone());
    }

    @Override
    public void requests(List<RequestRow> requests) {}

    @Override
    public void tokens(TokenRows batch) {
        rows.add(batch.copy());
    }

    @Override
    public void step(Step step) {}

    @Override
    public void flush() {}

    int layers() {
        return hidden.size() - 1;
    }

    /** {@code |this - other| / |other|} of the residual stream before a layer. */
    double hiddenError(int layer, Trace other) {
        return error(hidden.get(layer), other.hidden.get(layer));
    }

    /**
     * The same after the final norm, of the tokens that got the same experts in every layer: one that did not, be it for a tie,
     * is far off in random weights.
     */
    double hiddenErrorWhereAlike(Trace other) {
        List<float[]> have = new ArrayList<>();
        List<float[]> want = new ArrayList<>();
        int token = 0;
        for (int b = 0; b < rows.size(); b++) {
            int each = rows.get(b).experts().length / rows.get(b).rows();
            for (int row = 0; row < rows.get(b).rows(); row++, token++) {
                if (isAlike(rows.get(b), other.rows.get(b), row * each, each)) {
                    have.add(hidden.get(layers()).get(token));
                    want.add(other.hidden.get(layers()).get(token));
                }
            }
        }
        return error(have, want);
    }

    private boolean isAlike(TokenRows mine, TokenRows theirs, int from, int count) {
        int topK = info.topK();
        return IntStream.range(0, count / topK).map(layer -> from + layer * topK)
                .allMatch(at -> chosen(mine, at, topK).keySet().equals(chosen(theirs, at, topK).keySet()));
    }

    /** {@code |this - other| / |other|} of the logits. */
    double logitsError(Trace other) {
        return error(logits, other.logits);
    }

    private static double error(List<float[]> have, List<float[]> want) {
        double error = 0;
        double norm = 0;
        for (int t = 0; t < want.size(); t++) {
            for (int d = 0; d < want.get(t).length; d++) {
                double difference = have.get(t)[d] - (double) want.get(t)[d];
                error += difference * difference;
                norm += (double) want.get(t)[d] * want.get(t)[d];
            }
        }
        return Math.sqrt(error / norm);
    }

    /** The largest difference of any value of the residual stream and the logits. */
    double largestDifference(Trace other) {
        double largest = 0;
        for (int layer : hidden.keySet()) {
            largest = Math.max(largest, largest(hidden.get(layer), other.hidden.get(layer)));
        }
        return Math.max(largest, largest(logits, other.logits));
    }

    private static double largest(List<float[]> have, List<float[]> want) {
        double largest = 0;
        for (int t = 0; t < want.size(); t++) {
            for (int d = 0; d < want.get(t).length; d++) {
                double difference = Math.abs(have.get(t)[d] - (double) want.get(t)[d]);
                largest = difference <= largest ? largest : difference;
            }
        }
        return largest;
    }

    /** How many of the choices of (token, layer) agree, of all that are no ties; a tie counts as neither. */
    Agreement agreement(Trace other) {
        int same = 0;
        int ties = 0;
        int all = 0;
        double weight = 0;
        int topK = info.topK();
        for (int b = 0; b < rows.size(); b++) {
            TokenRows have = rows.get(b);
            TokenRows want = other.rows.get(b);
            for (int at = 0; at < want.experts().length; at += topK) {
                Map<Integer, Float> mine = chosen(have, at, topK);
                Map<Integer, Float> theirs = chosen(want, at, topK);
                all++;
                if (mine.keySet().equals(theirs.keySet())) {
                    same++;
                    for (Map.Entry<Integer, Float> entry : theirs.entrySet()) {
                        weight = Math.max(weight, Math.abs(entry.getValue() - mine.get(entry.getKey())));
                    }
                } else if (isTie(mine, theirs)) {
                    ties++;
                }
            }
        }
        return new Agreement(same, ties, all, weight);
    }

    /** @param weight the largest difference of a weight where choices agree */
    record Agreement(int same, int ties, int all, double weight) {
        double share() {
            return same / (double) (all - ties);
        }
    }

    private static Map<Integer, Float> chosen(TokenRows rows, int at, int topK) {
        Map<Integer, Float> chosen = new HashMap<>();
        for (int k = at; k < at + topK; k++) {
            chosen.put((int) (char) rows.experts()[k], rows.weights()[k]);
        }
        return chosen;
    }

    private static boolean isTie(Map<Integer, Float> mine, Map<Integer, Float> theirs) {
        Set<Integer> onlyMine = new HashSet<>(mine.keySet());
        onlyMine.removeAll(theirs.keySet());
        Set<Integer> onlyTheirs = new HashSet<>(theirs.keySet());
        onlyTheirs.removeAll(mine.keySet());
        double most = onlyMine.stream().mapToDouble(mine::get).max().orElse(0);
        double least = onlyTheirs.stream().mapToDouble(theirs::get).min().orElse(0);
        return Math.abs(most - least) <= TIE * Math.max(Math.abs(most), Math.abs(least));
    }
}
