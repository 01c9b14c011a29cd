package io.moeplan.engine.cuda.weights;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.model.LayerWeights;
import io.moeplan.engine.model.LayerWeights.Linear;
import io.moeplan.engine.model.LayerWeights.NormWeights;
import io.moeplan.engine.model.Model;
import io.moeplan.engine.model.Norm;
import io.moeplan.engine.model.Vector;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A model's norms, biases and other small weights, in float32 on the device for as long as the backend lives. */
public final class Vectors implements AutoCloseable {
    private static final int ALIGNMENT = 64;

    /** What they are for; biases of projections that are computed together lie together. */
    public enum Name {
        ATTENTION_NORM, ATTENTION_NORM_BIAS, FEED_FORWARD_NORM, FEED_FORWARD_NORM_BIAS, INPUT_BIAS, OUTPUT_BIAS, QUERY_NORM, KEY_NORM, SINKS, CONVOLUTION, DECAY, DECAY_BIAS, DELTA_NORM, ROUTER_BIAS, CORRECTION, EXPERT_INPUT_BIAS, EXPERT_OUTPUT_BIAS
    }

    private final Norm norm;
    private final float mlpScale;
    private final List<float[]> values = new ArrayList<>();
    private final List<Map<Name, Long>> places = new ArrayList<>();
    private final DeviceBuffer buffer;
    private final long finalNorm;
    private final long finalNormBias;
    private long floats;

    /**
     * Brings a model's.
     *
     * @param stream copies them; waited for
     * @param type   of the outputs that experts' output biases are added to: theirs is its {@code mlpScale}
     * @throws io.moeplan.engine.cuda.driver.CudaException if there is too little memory
     */
    public Vectors(Cuda cuda, io.moeplan.engine.cuda.driver.Stream stream, Model model, NumberType type) {
        mlpScale = type.mlpScale();
        norm = model.architecture().norm();
        for (LayerWeights layer : model.layers()) {
            Map<Name, Long> into = new EnumMap<>(Name.class);
            norm(into, Name.ATTENTION_NORM, Name.ATTENTION_NORM_BIAS, layer.attentionNorm());
            norm(into, Name.FEED_FORWARD_NORM, Name.FEED_FORWARD_NORM_BIAS, layer.feedForwardNorm());
            attention(into, layer.attention());
            if (layer.feedForward() instanceof LayerWeights.FeedForward.Sparse sparse) {
                sparse(into, sparse);
            }
            places.add(into);
        }
        finalNorm = add(scaled(model.finalNorm().weight()));
        finalNormBias = model.finalNorm().bias().map(bias -> add(bias.toFloats())).orElse(-1L);
        buffer = new DeviceBuffer(cuda, 4 * floats);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment all = arena.allocate(Math.max(4, 4 * floats), 4);
            long at = 0;
            for (float[] vector : values) {
                MemorySegment.copy(vector, 0, all, ValueLayout.JAVA_FLOAT, 4 * at, vector.length);
                at += aligned(vector.length);
            }
            buffer.write(stream, 0, all);
            stream.synchronize();
        }
        values.clear();
    }

    /** Bytes of device memory that a model's take, about. */
    public static long bytes(Model model) {
        long floats = 0;
        for (LayerWeights layer : model.layers()) {
            floats += 16L * model.architecture().hidden();
            if (layer.feedForward() instanceof LayerWeights.FeedForward.Sparse sparse
                    && sparse.experts().getFirst().gate().bias().isPresent()) {
                LayerWeights.Mlp one = sparse.experts().getFirst();
                floats += (long) sparse.experts().size()
                        * (2L * one.gate().weight().rows() + one.down().weight().rows());
            }
        }
        return 4 * floats;
    }

    private static long aligned(int count) {
        return Math.ceilDiv((long) count, ALIGNMENT) * ALIGNMENT;
    }

    private long add(float[] vector) {
        long at = floats;
        values.add(vector);
        floats += aligned(vector.length);
        return at;
    }

    private void put(Map<Name, Long> into, Name name, Optional<Vector> vector) {
        vector.ifPresent(present -> into.put(name, add(present.toFloats())));
    }

    /** The weight that is multiplied with, whichever way it is stored. */
    private float[] scaled(Vector stored) {
        float[] weight = stored.toFloats();
        for (int i = 0; norm.onePlus() && i < weight.length; i++) {
            weight[i] += 1;
        }
        return weight;
    }

    private void norm(Map<Name, Long> into, Name weight, Name bias, NormWeights weights) {
        into.put(weight, add(scaled(weights.weight())));
        put(into, bias, weights.bias());
    }

    private void attention(Map<Name, Long> into, LayerWeights.Attention attention) {
        switch (attention) {
            case LayerWeights.Attention.GroupedQuery a -> {
                biases(into, Name.INPUT_BIAS, Stream.of(a.query(), a.key(), a.value()).toList(), 1);
                put(into, Name.OUTPUT_BIAS, a.output().bias());
                a.queryNorm().ifPresent(vector -> into.put(Name.QUERY_NORM, add(scaled(vector))));
                a.keyNorm().ifPresent(vector -> into.put(Name.KEY_NORM, add(scaled(vector))));
                put(into, Name.SINKS, a.sinks());
            }
            case LayerWeights.Attention.Latent a -> {
                biases(into, Name.INPUT_BIAS, List.of(a.queryDown().orElse(a.query()), a.keyDown()), 1);
                put(into, Name.OUTPUT_BIAS, a.output().bias());
                put(into, Name.QUERY_NORM, a.queryNorm());
                put(into, Name.KEY_NORM, Optional.of(a.keyNorm()));
            }
            case LayerWeights.Attention.GatedDelta a -> {
                put(into, Name.CONVOLUTION, Optional.of(a.convolution()));
                put(into, Name.DECAY, Optional.of(a.decay()));
                put(into, Name.DECAY_BIAS, Optional.of(a.decayBias()));
                put(into, Name.DELTA_NORM, Optional.of(a.norm()));
            }
        }
    }

    private void sparse(Map<Name, Long> into, LayerWeights.FeedForward.Sparse sparse) {
        put(into, Name.ROUTER_BIAS, sparse.router().bias());
        put(into, Name.CORRECTION, sparse.correction());
        biases(into, Name.EXPERT_INPUT_BIAS,
                sparse.experts().stream().flatMap(expert -> Stream.of(expert.gate(), expert.up())).toList(), 1);
        biases(into, Name.EXPERT_OUTPUT_BIAS, sparse.experts().stream().map(LayerWeights.Mlp::down).toList(),
                mlpScale);
    }

    /** One after the other, times {@code scale}, zeros where a projection has none; nothing if none has. */
    private void biases(Map<Name, Long> into, Name name, List<Linear> linears, float scale) {
        if (linears.stream().noneMatch(linear -> linear.bias().isPresent())) {
            return;
        }
        float[] all = new float[linears.stream().mapToInt(linear -> linear.weight().rows()).sum()];
        int at = 0;
        for (Linear linear : linears) {
            int rows = linear.weight().rows();
            if (linear.bias().isPresent()) {
                System.arraycopy(linear.bias().get().toFloats(), 0, all, at, rows);
            }
            at += rows;
        }
        for (int i = 0; scale != 1 && i < all.length; i++) {
            all[i] *= scale;
        }
        into.put(name, add(all));
    }

    /** The device address of a layer's vector, float32, 0 if it has none. */
    public long of(int layer, Name name) {
        Long at = places.get(layer).get(name);
        return at == null ? 0 : buffer.address() + 4 * at;
    }

    /** The device address of the weights of the norm before the head, float32 {@code [hidden]}. */
    public long finalNorm() {
        return buffer.address() + 4 * finalNorm;
    }

    /** The same of its bias; 0 if there is none. */
    public long finalNormBias() {
        return finalNormBias < 0 ? 0 : buffer.address() + 4 * finalNormBias;
    }

    @Override
    public void close() {
        buffer.close();
    }
}
