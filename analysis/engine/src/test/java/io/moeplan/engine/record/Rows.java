package io.moeplan.engine.record;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A sink that keeps everything. */
public final class Rows implements RecordingSink {
    public final List<RequestRow> requests = new ArrayList<>();
    public final List<TokenRows> batches = new ArrayList<>();
    public final List<Step> steps = new ArrayList<>();
    /** Tokens and steps that had come by each flush. */
    public final List<Integer> flushes = new ArrayList<>();

    @Override
    public void requests(List<RequestRow> rows) {
        requests.addAll(rows);
    }

    @Override
    public void tokens(TokenRows rows) {
        batches.add(rows.copy());
    }

    @Override
    public void step(Step step) {
        steps.add(step);
    }

    @Override
    public void flush() {
        flushes.add(steps.size() + batches.stream().mapToInt(TokenRows::rows).sum());
    }

    /** All token rows as one batch. */
    public TokenRows tokens() {
        int rows = batches.stream().mapToInt(TokenRows::rows).sum();
        int width = batches.getFirst().experts().length / batches.getFirst().rows();
        boolean weighted = batches.getFirst().weights() != null;
        TokenRows all = new TokenRows(new int[rows], new int[rows], new int[rows], new byte[rows],
                new short[rows * width], weighted ? new float[rows * width] : null);
        int at = 0;
        for (TokenRows batch : batches) {
            int count = batch.rows();
            System.arraycopy(batch.request(), 0, all.request(), at, count);
            System.arraycopy(batch.position(), 0, all.position(), at, count);
            System.arraycopy(batch.tokenId(), 0, all.tokenId(), at, count);
            System.arraycopy(batch.phase(), 0, all.phase(), at, count);
            System.arraycopy(batch.experts(), 0, all.experts(), at * width, count * width);
            if (weighted) {
                System.arraycopy(batch.weights(), 0, all.weights(), at * width, count * width);
            }
            at += count;
        }
        return all;
    }

    /** Row {@code row}'s experts, {@code [layers * topK]}. */
    public short[] expertsOf(int row) {
        TokenRows all = tokens();
        int width = all.experts().length / all.rows();
        return Arrays.copyOfRange(all.experts(), row * width, (row + 1) * width);
    }
}
