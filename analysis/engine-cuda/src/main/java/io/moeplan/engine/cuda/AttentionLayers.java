package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.HeadTurn.Heads;
import io.moeplan.engine.cuda.HeadTurn.Steps;
import io.moeplan.engine.cuda.SoftmaxCore.Rows;
import io.moeplan.engine.cuda.kernels.FastKernels;
import io.moeplan.engine.cuda.weights.Piece;
import io.moeplan.engine.cuda.weights.Vectors;
import io.moeplan.engine.cuda.weights.Vectors.Name;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.Rope;

/** Softmax attention over whole sequences: adds its output to their residual stream. */
final class AttentionLayers {
    /** Of latent attention; DeepSeek's models do not configure it. */
    private static final double LATENT_EPSILON = 1e-6;

    private final Operations operations;
    private final Vectors vectors;
    private final HeadTurn turn;
    private final SoftmaxCore core;

    AttentionLayers(Operations operations, Vectors vectors, Rotaries rotaries, FastKernels fast) {
        this.operations = operations;
        this.vectors = vectors;
        turn = new HeadTurn(operations.launcher(), rotaries, fast);
        core = new SoftmaxCore(operations.launcher(), fast);
    }

    /**
     * Grouped-query attention of normed tokens.
     *
     * @param weights address of the piece's unpacked weights
     */
    void grouped(int layer, Attention.GroupedQuery a, Piece piece, long weights, Tokens tokens) {
        int rows = tokens.count();
        int queryWidth = (a.gated() ? 2 : 1) * a.queryWidth();
        int width = queryWidth + 2 * a.keyWidth();
        int bytes = operations.bytes();
        long q = operations.take((long) rows * width);
        long k = q + (long) queryWidth * bytes;
        long v = k + (long) a.keyWidth() * bytes;
        operations.project(tokens.normed(), weights + piece.group(0), q, rows, width, operations.hidden());
        operations.bias(q, rows, width, vectors.of(layer, Name.INPUT_BIAS));
        int queryStride = a.gated() ? 2 * a.headDim() : a.headDim();
        long queryNorm = vectors.of(layer, Name.QUERY_NORM);
        long keyNorm = vectors.of(layer, Name.KEY_NORM);
        if (a.headNorm() == Attention.HeadNorm.WHOLE) {
            operations.normRows(q, width, rows, a.queryWidth(), queryNorm, operations.norm().epsilon());
            operations.normRows(k, width, rows, a.keyWidth(), keyNorm, operations.norm().epsilon());
        }
        Heads queryHeads = new Heads(q, width, queryStride, a.heads(), a.headDim());
        Heads keyHeads = new Heads(k, width, a.headDim(), a.kvHeads(), a.headDim());
        if (!turn.turnFast(a, queryHeads, keyHeads, queryNorm, keyNorm, operations.norm().epsilon(), tokens)) {
            turn(a, queryHeads, queryNorm, a.temperature(), tokens);
            turn(a, keyHeads, keyNorm, Attention.Temperature.NONE, tokens);
        }
        if (a.clip() < Double.POSITIVE_INFINITY) {
            turn.turn(new Heads(v, width, a.headDim(), a.kvHeads(), a.headDim()), Steps.clipping(a.clip()), rows,
                    tokens.positions());
        }
        long mixed = operations.take((long) rows * a.queryWidth());
        Rows queries = new Rows(q, width, queryStride);
        Rows keys = new Rows(k, width, a.headDim());
        Rows values = new Rows(v, width, a.headDim());
        long sinks = vectors.of(layer, Name.SINKS);
        if (!core.attendFast(a, tokens, queries, keys, values, new Rows(0, 8, 0), sinks, mixed)) {
            core.attend(a, tokens, queries, keys, values, sinks, mixed);
        }
        if (a.gated()) {
            operations.launcher().rows("head_gate", "head_gate", rows, 256, mixed, q, (long) width, a.queryWidth(),
                    a.headDim());
        }
        output(layer, mixed, weights + piece.group(1), a.queryWidth(), tokens);
    }

    private void turn(Attention.GroupedQuery a, Heads heads, long norm, Attention.Temperature temperature,
            Tokens tokens) {
        boolean before = a.headNorm() == Attention.HeadNorm.PER_HEAD;
        boolean after = a.headNorm() == Attention.HeadNorm.PER_HEAD_AFTER_ROPE;
        Rope rope = a.rope().orElse(null);
        Steps steps = new Steps(before ? norm : 0, after ? norm : 0,
                a.headNorm() == Attention.HeadNorm.UNIT_AFTER_ROPE, operations.norm().epsilon(), a.clip(), rope, 0,
                temperature);
        turn.turn(heads, steps, tokens.count(), tokens.positions());
    }

    /** Latent attention of normed tokens. */
    void latent(int layer, Attention.Latent a, Piece piece, long weights, Tokens tokens) {
        int rows = tokens.count();
        int bytes = operations.bytes();
        int queries = a.heads() * a.keyDim();
        int source = a.queryRank() > 0 ? a.queryRank() : queries;
        int width = source + a.latentRank() + a.rotaryDim();
        long down = operations.take((long) rows * width);
        long latent = down + (long) source * bytes;
        long shared = latent + (long) a.latentRank() * bytes;
        operations.project(tokens.normed(), weights + piece.group(0), down, rows, width, operations.hidden());
        operations.bias(down, rows, width, vectors.of(layer, Name.INPUT_BIAS));
        Heads heads = new Heads(down, width, a.keyDim(), a.heads(), a.keyDim());
        if (a.queryRank() > 0) {
            operations.normRows(down, width, rows, a.queryRank(), vectors.of(layer, Name.QUERY_NORM), LATENT_EPSILON);
            long q = operations.take((long) rows * queries);
            operations.project(down, width, weights + piece.group(1), q, operations.launcher().type(), rows, queries,
                    a.queryRank());
            heads = new Heads(q, queries, a.keyDim(), a.heads(), a.keyDim());
        }
        operations.normRows(latent, width, rows, a.latentRank(), vectors.of(layer, Name.KEY_NORM), LATENT_EPSILON);
        turn.rotateLast(heads, a.rotation(), a.plainDim(), tokens);
        turn.rotateLast(new Heads(shared, width, a.rotaryDim(), 1, a.rotaryDim()), a.rotation(), 0, tokens);
        int each = a.plainDim() + a.valueDim();
        long keyValues = operations.take((long) rows * a.heads() * each);
        operations.project(latent, width, weights + piece.group(2), keyValues, operations.launcher().type(), rows,
                a.heads() * each, a.latentRank());
        long mixed = operations.take((long) rows * a.heads() * a.valueDim());
        Rows q = new Rows(heads.address(), heads.stride(), a.keyDim());
        Rows own = new Rows(keyValues, (long) a.heads() * each, each);
        Rows values = new Rows(keyValues + (long) a.plainDim() * bytes, (long) a.heads() * each, each);
        if (!core.attendFast(a, tokens, q, own, values, new Rows(shared, width, 0), 0, mixed)) {
            long keys = operations.take((long) rows * queries);
            operations.launcher().rows("latent_keys", "latent_keys", rows, 256, keyValues, each, shared, (long) width,
                    keys, a.heads(), a.plainDim(), a.rotaryDim());
            core.attend(a, tokens, q, new Rows(keys, queries, a.keyDim()), values, 0, mixed);
        }
        output(layer, mixed, weights + piece.group(3), a.heads() * a.valueDim(), tokens);
    }

    private void output(int layer, long mixed, long weight, int width, Tokens tokens) {
        operations.projectOnto(tokens.residual(), mixed, weight, tokens.count(), width);
        operations.biasOnto(tokens.residual(), tokens.count(), vectors.of(layer, Name.OUTPUT_BIAS));
    }
}
