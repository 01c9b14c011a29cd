package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.Attention.Heads;
import io.moeplan.engine.cuda.Attention.Rows;
import java.util.List;

/** The attention half of a layer: from normed rows to the residual stream. */
final class AttentionOperations {
    private static final float EPSILON = 1e-6f;

    private final RandomDevice on;
    private final LayerShape shape;
    private final int tokens;
    private final Attention.Tiles tiles;
    private final double scoreFlops;
    private final long positions;
    private final long turns;

    /** @param length tokens of each sequence */
    AttentionOperations(RandomDevice on, LayerShape shape, int sequences, int length) {
        this.on = on;
        this.shape = shape;
        tokens = sequences * length;
        int[] starts = new int[sequences + 1];
        int[] each = new int[tokens];
        for (int t = 0; t < tokens; t++) {
            each[t] = t % length;
            starts[t / length + 1] = t + 1;
        }
        tiles = on.keep(new Attention.Tiles(on.cuda, on.stream, starts));
        positions = on.ints(each);
        turns = on.floats(2L * 64 * length, 1);
        scoreFlops = (double) sequences * length * (length + 1) * shape.heads();
    }

    List<Operation> of(long normed, long x) {
        return shape.latent() ? latent(normed, x) : grouped(normed, x);
    }

    private List<Operation> grouped(long normed, long x) {
        int dim = shape.dim();
        int queries = shape.heads() * dim;
        int stride = queries + 2 * shape.keys() * dim;
        long qkv = on.room(2L * tokens * stride);
        long mixed = on.room(2L * tokens * queries);
        int turned = shape.heads() + shape.keys();
        HeadRope rope = new HeadRope(on.kernels, dim, dim, false, shape.normed());
        HeadRope.Norms norms = new HeadRope.Norms(on.floats(dim, 1), on.floats(dim, 1), EPSILON);
        HeadRope.Heads heads = new HeadRope.Heads(qkv, stride, dim, tokens, turned, shape.heads());
        Attention attention = new Attention(on.cuda, on.kernels,
                new Heads(shape.heads(), shape.keys(), dim, dim, false));
        Attention.Matrices matrices = new Attention.Matrices(new Rows(qkv, stride, dim),
                new Rows(qkv + 2L * queries, stride, dim),
                new Rows(qkv + 2L * (queries + shape.keys() * dim), stride, dim), new Rows(0, 0, 0),
                new Rows(mixed, queries, dim));
        Attention.Options options = new Attention.Options((float) (1 / Math.sqrt(dim)), 0, 0);
        return List.of(on.dense("query, key, value", tokens, normed, shape.hidden(), stride, qkv),
                Operation.pass("norm and rope of heads", 4.0 * tokens * turned * dim,
                        () -> rope.apply(on.stream, heads, norms, turns, positions)),
                Operation.product("attention", scoreFlops * 2 * dim,
                        () -> attention.attend(on.stream, tiles, matrices, options)),
                on.denseAdd("attention output", tokens, mixed, queries, shape.hidden(), x));
    }

    private List<Operation> latent(long normed, long x) {
        int rank = LayerShape.QUERY_RANK;
        int keyRank = LayerShape.KEY_RANK;
        int low = rank + keyRank + 64;
        long down = on.room(2L * tokens * low);
        long q = on.room(2L * tokens * shape.heads() * 192);
        long kv = on.room(2L * tokens * shape.heads() * 256);
        long mixed = on.room(2L * tokens * shape.heads() * 128);
        long weight = on.floats(rank, 1);
        HeadRope rope = new HeadRope(on.kernels, 64, 64, true, false);
        HeadRope.Heads queryHeads = new HeadRope.Heads(q + 256, shape.heads() * 192L, 192, tokens, shape.heads(),
                shape.heads());
        HeadRope.Heads keyHead = new HeadRope.Heads(down + 2L * (rank + keyRank), low, 64, tokens, 1, 0);
        Attention attention = new Attention(on.cuda, on.kernels,
                new Heads(shape.heads(), shape.heads(), 192, 128, true));
        long stride = shape.heads() * 256L;
        Attention.Matrices matrices = new Attention.Matrices(new Rows(q, shape.heads() * 192L, 192),
                new Rows(kv, stride, 256), new Rows(kv + 256, stride, 256),
                new Rows(down + 2L * (rank + keyRank), low, 0), new Rows(mixed, shape.heads() * 128L, 128));
        Attention.Options options = new Attention.Options((float) (1 / Math.sqrt(192)), 0, 0);
        return List.of(on.dense("latents", tokens, normed, shape.hidden(), low, down),
                Operation.pass("norms of latents", 4.0 * tokens * (rank + keyRank), () -> {
                    normRows(down, low, rank, weight);
                    normRows(down + 2L * rank, low, keyRank, weight);
                }),
                on.dense("queries", tokens, down, low, rank, shape.heads() * 192, q),
                on.dense("keys and values", tokens, down + 2L * rank, low, keyRank, shape.heads() * 256, kv),
                Operation.pass("rope of heads", 4.0 * tokens * 64 * (shape.heads() + 1), () -> {
                    rope.apply(on.stream, queryHeads, HeadRope.Norms.NONE, turns, positions);
                    rope.apply(on.stream, keyHead, HeadRope.Norms.NONE, turns, positions);
                }),
                Operation.product("attention", scoreFlops * (192 + 128),
                        () -> attention.attend(on.stream, tiles, matrices, options)),
                on.denseAdd("attention output", tokens, mixed, shape.heads() * 128, shape.hidden(), x));
    }

    private void normRows(long x, long stride, int width, long weight) {
        on.launcher.rows("norm", "norm_rows", tokens, RowThreads.of(width), x, stride, weight, width, EPSILON);
    }
}
