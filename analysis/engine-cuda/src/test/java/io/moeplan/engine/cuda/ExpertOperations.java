package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.kernels.Combine;
import io.moeplan.engine.cuda.kernels.ExpertChoice;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm.Result;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm.Scaled;
import io.moeplan.engine.cuda.kernels.GroupedGemm;
import io.moeplan.engine.cuda.kernels.GroupedGemm.Sizes;
import io.moeplan.engine.cuda.kernels.Permutation;
import io.moeplan.engine.cuda.kernels.Spread;
import java.util.ArrayList;
import java.util.List;

/** The expert half of a layer, as the engine queues it: from the residual stream to it and the next layer's normed rows. */
final class ExpertOperations {
    private static final float EPSILON = 1e-6f;

    private final RandomDevice on;
    private final LayerShape shape;
    private final int tokens;
    private final int rows;
    private final boolean fp8;
    private final Sizes up;
    private final Sizes down;

    ExpertOperations(RandomDevice on, LayerShape shape, int tokens, boolean fp8) {
        this.on = on;
        this.shape = shape;
        this.tokens = tokens;
        this.fp8 = fp8;
        rows = tokens * shape.topK();
        up = new Sizes(rows, shape.experts(), shape.width(), shape.hidden());
        down = new Sizes(rows, shape.experts(), shape.hidden(), shape.width());
    }

    List<Operation> of(long normed, long x) {
        List<Operation> all = new ArrayList<>();
        int hidden = shape.hidden();
        long weight = on.floats(hidden, 1);
        long low = on.room(2L * tokens * hidden);
        all.add(Operation.pass("norm", 8.0 * tokens * hidden,
                () -> on.norm(tokens, hidden, x, weight, normed, low)));
        long ids = on.room(4L * rows);
        long weights = on.room(4L * rows);
        long packed = on.room(2L * rows);
        route(all, normed, low, new ExpertChoice.Chosen(ids, packed, weights, on.room(8), 0));
        long slotRow = on.room(4L * rows);
        long offsets = on.room(4L * (shape.experts() + 1));
        Permutation permutation = on.keep(
                new Permutation(on.cuda, on.kernels, shape.experts(), shape.topK(), tokens));
        Permutation.Order order = new Permutation.Order(offsets, on.room(4L * rows), slotRow);
        all.add(Operation.pass("sort by expert", 16.0 * rows,
                () -> permutation.sort(on.stream, tokens, ids, order)));
        if (shape.shared() > 0) {
            shared(all, normed, x);
        }
        long y = on.room(2L * rows * hidden);
        experts(all, normed, slotRow, offsets, y);
        Combine combine = new Combine(on.kernels, hidden, shape.topK(), true);
        Combine.Parts parts = new Combine.Parts(y, slotRow, weights);
        all.add(Operation.pass("combine and next norm", (2.0 * rows + 10.0 * tokens) * hidden,
                () -> combine.apply(on.stream, tokens, x, parts, weight, normed, EPSILON)));
        return all;
    }

    private void route(List<Operation> all, long normed, long low, ExpertChoice.Chosen chosen) {
        long logits = on.room(4L * tokens * shape.experts());
        all.add(on.denseOfBoth("router logits", tokens, normed, low, shape.hidden(), shape.experts(), logits));
        ExpertChoice choice = new ExpertChoice(on.kernels, shape.router());
        long correction = shape.latent() ? on.floats(shape.experts(), 0.01f) : 0;
        all.add(Operation.pass("choice of experts", tokens * (4.0 * shape.experts() + 10.0 * shape.topK()),
                () -> choice.choose(on.stream, new ExpertChoice.Logits(tokens, logits, 0, correction), chosen)));
        all.add(Operation.pass("recording", 2.0 * rows, () -> on.toHost(chosen.packed(), 2L * rows)));
    }

    private void shared(List<Operation> all, long normed, long x) {
        int width = shape.shared();
        long offsets = on.ints(new int[]{0, tokens});
        Sizes sizes = new Sizes(tokens, 1, width, shape.hidden());
        double flops = 4.0 * tokens * width * shape.hidden();
        if (!fp8) {
            long inner = on.room(2L * tokens * width);
            long weights = on.narrow(2L * width * shape.hidden(), 0.02f);
            GroupedGemm product = new GroupedGemm(on.cuda, on.kernels, true);
            all.add(Operation.product("shared gate and up", flops,
                    () -> product.multiply(on.stream, sizes, normed, weights, offsets, inner)));
            all.add(on.denseAdd("shared down", tokens, inner, width, shape.hidden(), x));
            return;
        }
        Scaled input = on.scaled(tokens, shape.hidden());
        Scaled inner = on.scaled(tokens, width);
        Scaled weights = on.scaledWeights(1, 2L * width, shape.hidden());
        Scaled downWeights = on.scaledWeights(1, shape.hidden(), width);
        Sizes back = new Sizes(tokens, 1, shape.hidden(), width);
        Spread quantise = new Spread(on.kernels, shape.hidden(), 1, true);
        Fp8GroupedGemm gateUp = new Fp8GroupedGemm(on.cuda, on.kernels, Result.GATED);
        Fp8GroupedGemm plain = new Fp8GroupedGemm(on.cuda, on.kernels, Result.ADDED);
        all.add(Operation.product("shared expert", flops * 1.5, () -> {
            quantise.apply(on.stream, tokens, normed, 0, input);
            gateUp.multiply(on.stream, sizes, input, weights, offsets, inner);
            plain.multiply(on.stream, back, inner, downWeights, offsets, new Scaled(x, 0));
        }));
    }

    private void experts(List<Operation> all, long normed, long slotRow, long offsets, long y) {
        Spread spread = new Spread(on.kernels, shape.hidden(), shape.topK(), fp8);
        double flops = 2.0 * rows * shape.hidden() * shape.width();
        if (fp8) {
            Scaled input = on.scaled(rows, shape.hidden());
            Scaled inner = on.scaled(rows, shape.width());
            Scaled upWeights = on.scaledWeights(shape.experts(), 2L * shape.width(), shape.hidden());
            Scaled downWeights = on.scaledWeights(shape.experts(), shape.hidden(), shape.width());
            Fp8GroupedGemm gateUp = new Fp8GroupedGemm(on.cuda, on.kernels, Result.GATED);
            Fp8GroupedGemm plain = new Fp8GroupedGemm(on.cuda, on.kernels, Result.STORED);
            all.add(Operation.pass("rows to experts, fp8", (rows + 2.0 * tokens) * shape.hidden(),
                    () -> spread.apply(on.stream, tokens, normed, slotRow, input)));
            all.add(Operation.product("experts' gate and up", 2 * flops,
                    () -> gateUp.multiply(on.stream, up, input, upWeights, offsets, inner)));
            all.add(Operation.product("experts' down", flops,
                    () -> plain.multiply(on.stream, down, inner, downWeights, offsets, new Scaled(y, 0))));
            return;
        }
        long input = on.room(2L * rows * shape.hidden());
        long inner = on.room(2L * rows * shape.width());
        long upWeights = on.narrow(2L * shape.experts() * shape.width() * shape.hidden(), 0.02f);
        long downWeights = on.narrow((long) shape.experts() * shape.width() * shape.hidden(), 0.02f);
        GroupedGemm gateUp = new GroupedGemm(on.cuda, on.kernels, true);
        GroupedGemm plain = new GroupedGemm(on.cuda, on.kernels, false);
        all.add(Operation.pass("rows to experts", 2.0 * (rows + tokens) * shape.hidden(),
                () -> spread.apply(on.stream, tokens, normed, slotRow, new Scaled(input, 0))));
        all.add(Operation.product("experts' gate and up", 2 * flops,
                () -> gateUp.multiply(on.stream, up, input, upWeights, offsets, inner)));
        all.add(Operation.product("experts' down", flops,
                () -> plain.multiply(on.stream, down, inner, downWeights, offsets, y)));
    }
}
