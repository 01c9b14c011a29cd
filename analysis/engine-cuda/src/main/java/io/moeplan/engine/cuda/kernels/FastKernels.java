package io.moeplan.engine.cuda.kernels;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.Kernels;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.model.Router;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The kernels made for particular shapes, most of them for 16-bit numbers, each compiled when its shape first comes; absent
 * where none is made.
 */
public final class FastKernels {
    /** What the grouped products take of a row at a time. */
    private static final int DEPTH = 64;

    private final Cuda cuda;
    private final Kernels kernels;
    private final boolean usable;
    private final Map<Object, Object> made = new HashMap<>();

    private record RopeKey(int dim, int rotary, boolean interleaved, boolean norm) {}

    private record RowKey(String kind, int width, int topK) {}

    /**
     * None compiled yet.
     *
     * @param kernels those of {@code cuda}
     */
    public FastKernels(Cuda cuda, Kernels kernels) {
        this.cuda = cuda;
        this.kernels = kernels;
        usable = kernels.type() != NumberType.FP32;
    }

    private <T> Optional<T> get(boolean takes, Object key, Class<T> type, Supplier<T> make) {
        return usable && takes
                ? Optional.of(type.cast(made.computeIfAbsent(key, missing -> make.get())))
                : Optional.empty();
    }

    /** Attention of whole sequences with such heads. */
    public Optional<Attention> attention(Attention.Heads heads) {
        return get(Attention.takes(heads), heads, Attention.class, () -> new Attention(cuda, kernels, heads));
    }

    /**
     * Norm and rotation of heads.
     *
     * @param dim    columns of a head
     * @param rotary rotated columns, the first ones; 0 for none
     */
    public Optional<HeadRope> headRope(int dim, int rotary, boolean interleaved, boolean norm) {
        boolean turns = rotary == 0 || (rotary >= 16 && Integer.bitCount(rotary) == 1 && rotary <= dim);
        return get((dim == 64 || dim == 128 || dim == 256) && turns, new RopeKey(dim, rotary, interleaved, norm),
                HeadRope.class, () -> new HeadRope(kernels, dim, rotary, interleaved, norm));
    }

    /**
     * Rows to experts.
     *
     * @param width columns
     * @param topK  rows of a token
     */
    public Optional<Spread> spread(int width, int topK) {
        return get(width % 8 == 0, new RowKey("spread", width, topK), Spread.class,
                () -> new Spread(kernels, width, topK, false));
    }

    /** The same into fp8 with scales. */
    public Optional<Spread> spreadFp8(int width, int topK) {
        return get(width % 128 == 0, new RowKey("spread fp8", width, topK), Spread.class,
                () -> new Spread(kernels, width, topK, true));
    }

    /**
     * The choice of experts; in all precisions, as it is float32 in all.
     *
     * @throws IllegalArgumentException if {@link ExpertChoice#takes} says no to the router
     */
    public ExpertChoice choice(Router router) {
        return (ExpertChoice) made.computeIfAbsent(router, missing -> new ExpertChoice(kernels, router));
    }

    /** How often passes chose each expert; in both precisions. */
    public PassCounts counts(int experts, int topK) {
        return (PassCounts) made.computeIfAbsent(new RowKey("counts", experts, topK),
                missing -> new PassCounts(cuda, kernels, experts, topK));
    }

    /**
     * The grouped product in fp8.
     *
     * @throws java.util.NoSuchElementException in float32
     */
    public Fp8GroupedGemm fp8(Fp8GroupedGemm.Result result) {
        return get(true, result, Fp8GroupedGemm.class, () -> new Fp8GroupedGemm(cuda, kernels, result)).orElseThrow();
    }

    /**
     * The sum of what experts gave.
     *
     * @param width columns
     * @param topK  rows of a token
     * @param norm  whether the next norm is taken too
     */
    public Optional<Combine> combine(int width, int topK, boolean norm) {
        return get(width % 8 == 0, new RowKey(norm ? "combine, norm" : "combine", width, topK), Combine.class,
                () -> new Combine(kernels, width, topK, norm));
    }

    /**
     * The grouped product.
     *
     * @param columns of the result
     * @param depth   columns of the rows and the weights
     */
    public Optional<GroupedGemm> grouped(int columns, int depth, GroupedGemm.Kind kind) {
        return get(columns % DEPTH == 0 && depth % DEPTH == 0, kind, GroupedGemm.class,
                () -> new GroupedGemm(cuda, kernels, kind));
    }
}
