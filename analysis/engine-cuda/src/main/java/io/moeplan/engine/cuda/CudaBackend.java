package io.moeplan.engine.cuda;

import io.moeplan.engine.backend.Backend;
import io.moeplan.engine.backend.Reading;
import io.moeplan.engine.backend.Schedule;
import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Wanted;
import io.moeplan.engine.backend.Wave;
import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DenseGemm;
import io.moeplan.engine.cuda.driver.Kernels;
import io.moeplan.engine.cuda.driver.Launcher;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.driver.Scratch;
import io.moeplan.engine.cuda.driver.Stream;
import io.moeplan.engine.cuda.driver.Unavailable;
import io.moeplan.engine.cuda.kernels.ExpertChoice;
import io.moeplan.engine.cuda.kernels.FastKernels;
import io.moeplan.engine.cuda.kernels.Fp8GroupedGemm;
import io.moeplan.engine.cuda.kernels.Permutation;
import io.moeplan.engine.cuda.weights.Pieces;
import io.moeplan.engine.cuda.weights.Place;
import io.moeplan.engine.cuda.weights.Vectors;
import io.moeplan.engine.cuda.weights.WeightStore;
import io.moeplan.engine.gemm.Precision;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Model;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Runs a model on a GPU, in float16 or bfloat16 with float32 sums and residual stream, or all in float32. Weights stay on the
 * device if they fit (unpacked, or as the checkpoint stores them), else each layer's come from disk while the one before
 * computes.
 */
public final class CudaBackend implements Backend {
    /** The kernels' code, cuBLASLt's workspace and tables: an allowance. */
    private static final long PROGRAM_BYTES = 512L << 20;
    /** Of a wave, to keep all multiprocessors busy. */
    private static final long ENOUGH_TOKENS = 65_536;
    /** Of a block, on the smallest of the GPUs that are supported. */
    private static final int MOST_SHARED = 99 << 10;

    private final Model model;
    private final Cuda cuda;
    private final Kernels kernels;
    private final Stream stream;
    private final Launcher launcher;
    private final DenseGemm dense;
    private final FastKernels fast;
    private final Pieces pieces;
    private final Place place;
    private final WaveMemory memory;
    private final Vectors vectors;
    private final WeightStore weights;
    private final RoutingCopy routing;
    private final Consumer<String> warnings;
    private Scratch kept;
    private Scratch scratch;
    private Rotaries rotaries;
    private Permutation permutation;
    private Schedule schedule = new Schedule(0, 0, false, 0, 0);

    /**
     * Prepares a GPU for a model; the weights come when a run starts.
     *
     * @param cuda        the GPU; closed with the backend
     * @param precision   of products; empty for float16, and fp8 for experts that are stored in it where the GPU can
     * @param memoryBytes device memory that it may take
     * @param threads     threads that read files
     * @param warnings    receives one line for each tensor with weights that are not finite
     * @throws Unavailable if this device cannot run the model, or not so
     */
    public CudaBackend(Model model, Cuda cuda, Optional<Precision> precision, long memoryBytes, int threads,
            Consumer<String> warnings) throws Unavailable {
        this(model, cuda, precision.orElse(Precision.FP16), division(model, cuda, precision, memoryBytes), threads,
                warnings);
    }

    private static Division division(Model model, Cuda cuda, Optional<Precision> precision, long memoryBytes)
            throws Unavailable {
        NumberType type = NumberType.of(precision.orElse(Precision.FP16));
        boolean asked = precision.equals(Optional.of(Precision.FP8));
        boolean can = Fp8GroupedGemm.takes(cuda);
        if (asked && !can) {
            throw new Unavailable("fp8 is multiplied on Hopper GPUs, not on " + cuda.name() + "; use --precision fp16");
        }
        if (asked && !isFp8(model, new Pieces(model, type, memoryBytes, true))) {
            throw new Unavailable("the model has no experts in fp8 with blocks of 128 x 128; use --precision fp16");
        }
        return Division.of(model, type, memoryBytes, can && (asked || precision.isEmpty()));
    }

    /** Whether some layer's experts are multiplied in fp8. */
    private static boolean isFp8(Model model, Pieces pieces) {
        return IntStream.of(model.info().moeLayers()).anyMatch(pieces::isFp8);
    }

    CudaBackend(Model model, Cuda cuda, Precision precision, Division division, int threads,
            Consumer<String> warnings) throws Unavailable {
        requireSupported(model);
        this.model = model;
        this.cuda = cuda;
        this.warnings = warnings;
        NumberType type = NumberType.of(precision);
        kernels = new Kernels(cuda, type);
        stream = new Stream(cuda);
        launcher = new Launcher(cuda, kernels, stream);
        pieces = new Pieces(model, type, division.batchBytes(), division.fp8());
        place = division.place();
        memory = new WaveMemory(model.architecture(), type.bytes(), division.together());
        dense = new DenseGemm(cuda);
        fast = new FastKernels(cuda, kernels);
        vectors = new Vectors(cuda, stream, model, type);
        weights = new WeightStore(cuda, launcher, place, pieces.used(model.layers().size(), false), threads);
        routing = new RoutingCopy(cuda);
    }

    private static void requireSupported(Model model) throws Unavailable {
        for (int layer = 0; layer < model.layers().size(); layer++) {
            if (model.architecture().layers().get(layer).feedForward() instanceof FeedForward.Sparse sparse
                    && !ExpertChoice.takes(sparse.router())) {
                throw new Unavailable("layer " + layer + " chooses " + sparse.router().topK() + " of "
                        + sparse.router().experts()
                        + " experts, the CUDA kernels at most 32 of 1024, in at most 32 groups");
            }
            if (model.architecture().layers().get(layer).attention() instanceof Attention.GatedDelta delta
                    && 4L * delta.keyDim() * (delta.valueDim() + 2) > MOST_SHARED) {
                throw new Unavailable("layer " + layer + " has a state of " + delta.keyDim() + " x " + delta.valueDim()
                        + " a head, more than a block of CUDA threads can hold");
            }
        }
    }

    @Override
    public String device() {
        return String.format(Locale.ROOT, "cuda (%s)", cuda.name());
    }

    @Override
    public String precision() {
        return isFp8(model, pieces) ? "fp8" : launcher.type().name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String whyNotFinite() {
        return launcher.type() == NumberType.FP16
                ? Backend.super.whyNotFinite() + " If not, numbers are too large for float16: use --precision bf16"
                : Backend.super.whyNotFinite();
    }

    /** Where the weights are during a run. */
    Place place() {
        return place;
    }

    @Override
    public long fixedBytes(int layers, boolean routeOnly) {
        return PROGRAM_BYTES + Vectors.bytes(model) + WeightStore.bytes(place, pieces.used(layers, routeOnly));
    }

    @Override
    public long waveBytes(long tokens, int longest) {
        return memory.bytes(tokens, longest);
    }

    /** Streamed weights come once for each wave, however large it is. */
    @Override
    public long enoughTokens() {
        return place == Place.STREAMED ? Long.MAX_VALUE : ENOUGH_TOKENS;
    }

    @Override
    public void start(Schedule next) {
        cuda.enter();
        schedule = next;
        weights.start(pieces.used(next.layers(), next.routeOnly()), next.waves());
        room(next.mostTokens(), next.longest());
    }

    @Override
    public Reading reading() {
        weights.warn(warnings);
        return place == Place.STREAMED ? weights.reading() : Reading.NONE;
    }

    @Override
    public Wave begin(Sequences sequences, Wanted wanted) {
        cuda.enter();
        room(sequences.tokens(), sequences.longest());
        kept.reset();
        Operations operations = new Operations(launcher, dense, scratch, model.architecture());
        WaveState state = new WaveState(cuda, memory, launcher, kept, sequences);
        return new CudaWave(model, schedule, sequences, state, operations,
                new CudaLayers(model, operations, vectors, rotaries, pieces, weights, fast, permutation), routing,
                Report.of(wanted, state, fast));
    }

    private void room(int tokens, int longest) {
        if (kept == null || kept.bytes() < memory.kept(tokens)) {
            replace(kept);
            kept = new Scratch(cuda, memory.kept(tokens));
        }
        if (scratch == null || scratch.bytes() < memory.scratch(tokens, longest)) {
            replace(scratch);
            scratch = new Scratch(cuda, memory.scratch(tokens, longest));
        }
        if (permutation == null) {
            permutation = new Permutation(cuda, kernels, memory.experts(), memory.topK(), memory.together());
        }
        if (rotaries == null || rotaries.positions() < longest) {
            replace(rotaries);
            rotaries = new Rotaries(cuda, launcher, longest);
        }
    }

    /** Frees what a larger one is going to replace, once nothing uses it. */
    private void replace(AutoCloseable old) {
        if (old instanceof Scratch memoryOfOld) {
            stream.synchronize();
            memoryOfOld.close();
        } else if (old instanceof Rotaries tables) {
            stream.synchronize();
            tables.close();
        }
    }

    @Override
    public void close() {
        cuda.enter();
        stream.synchronize();
        weights.close();
        vectors.close();
        replace(kept);
        replace(scratch);
        replace(rotaries);
        if (permutation != null) {
            permutation.close();
        }
        routing.close();
        dense.close();
        kernels.close();
        stream.close();
        cuda.close();
    }
}
