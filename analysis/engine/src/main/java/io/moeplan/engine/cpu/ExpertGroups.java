package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Routing;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * The (token, expert) pairs of one layer sorted by expert, each expert's by token.
 *
 * @param tokens  the wave's number of each pair's token, {@code [pairs]}
 * @param weights what each pair's output is multiplied with, {@code [pairs]}
 * @param offsets the first pair of each expert, {@code [experts + 1]}
 * @param ofToken the pairs of each token, ascending, {@code [tokens][topK]}
 * @param topK    pairs of a token
 */
record ExpertGroups(int[] tokens, float[] weights, int[] offsets, int[] ofToken, int topK) {
    /**
     * Pairs {@code [from, to)}, all of one expert.
     *
     * @param place the row of the first one's output in the buffer of a batch
     */
    record Tile(int expert, int from, int to, int place) {
        int rows() {
            return to - from;
        }
    }

    static ExpertGroups of(Routing routing, int experts) {
        char[] chosen = routing.experts();
        int[] offsets = new int[experts + 1];
        for (char expert : chosen) {
            offsets[expert + 1]++;
        }
        for (int e = 0; e < experts; e++) {
            offsets[e + 1] += offsets[e];
        }
        int[] next = offsets.clone();
        int[] tokens = new int[chosen.length];
        float[] weights = new float[chosen.length];
        for (int pair = 0; pair < chosen.length; pair++) {
            int place = next[chosen[pair]]++;
            tokens[place] = pair / routing.topK();
            weights[place] = routing.weights()[pair];
        }
        return new ExpertGroups(tokens, weights, offsets, ofToken(tokens, routing.topK()), routing.topK());
    }

    private static int[] ofToken(int[] tokens, int topK) {
        int[] ofToken = new int[tokens.length];
        int[] found = new int[tokens.length / topK];
        for (int pair = 0; pair < tokens.length; pair++) {
            int token = tokens[pair];
            ofToken[token * topK + found[token]++] = pair;
        }
        return ofToken;
    }

    /**
     * The pairs of experts {@code [first, last)} cut into tiles of one expert each, in ascending order, and the tiles into
     * consecutive batches.
     *
     * @param tileRows  pairs of a tile at most, of an expert with so many
     * @param batchRows rows of outputs of a batch at most (a single tile always fits)
     * @param room      the rows of outputs that a tile of so many pairs takes
     */
    List<List<Tile>> batches(int first, int last, IntUnaryOperator tileRows, int batchRows, IntUnaryOperator room) {
        List<List<Tile>> batches = new ArrayList<>();
        List<Tile> batch = new ArrayList<>();
        int place = 0;
        for (int e = first; e < last; e++) {
            int step = tileRows.applyAsInt(offsets[e + 1] - offsets[e]);
            for (int from = offsets[e]; from < offsets[e + 1]; from += step) {
                int to = Math.min(from + step, offsets[e + 1]);
                int rows = room.applyAsInt(to - from);
                if (!batch.isEmpty() && place + rows > batchRows) {
                    batches.add(batch);
                    batch = new ArrayList<>();
                    place = 0;
                }
                batch.add(new Tile(e, from, to, place));
                place += rows;
            }
        }
        if (!batch.isEmpty()) {
            batches.add(batch);
        }
        return batches;
    }

    /**
     * Rows of about even tiles.
     *
     * @param tileRows rows of a tile at most
     * @param multiple more than one tile are a multiple of so many
     */
    static int evenRows(int pairs, int tileRows, int multiple) {
        return pairs <= tileRows
                ? tileRows
                : Math.ceilDiv(pairs, Math.ceilDiv(Math.ceilDiv(pairs, tileRows), multiple) * multiple);
    }

    /** How many tokens go to an expert. */
    int pairs(int expert) {
        return offsets[expert + 1] - offsets[expert];
    }

    /** The row of each pair's output in the buffer of a batch, for the batch's pairs only, the first one's first. */
    static int[] places(List<Tile> batch) {
        int first = batch.getFirst().from();
        int[] places = new int[batch.getLast().to() - first];
        for (Tile tile : batch) {
            for (int pair = tile.from(); pair < tile.to(); pair++) {
                places[pair - first] = tile.place() + pair - tile.from();
            }
        }
        return places;
    }
}
