package io.moeplan.engine.cuda;

import io.moeplan.engine.backend.Schedule;
import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Wave;
import io.moeplan.engine.backend.Work;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.engine.cuda.driver.Stream;
import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Attention;
import io.moeplan.engine.model.Cost;
import io.moeplan.engine.model.FeedForward;
import io.moeplan.engine.model.Model;
import io.moeplan.engine.model.Vector;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * A wave on the device. Operations are queued; only {@link #route} waits, for the decisions. By then the experts of the layer
 * are queued too, so that the GPU computes while the host records.
 */
final class CudaWave implements Wave {
    private final Model model;
    private final Architecture architecture;
    private final Schedule schedule;
    private final Sequences sequences;
    private final WaveState state;
    private final Operations operations;
    private final CudaLayers layers;
    private final RoutingCopy routing;
    private final Report report;
    private final Map<Attention, Long> attentionCost = new HashMap<>();

    CudaWave(Model model, Schedule schedule, Sequences sequences, WaveState state, Operations operations,
            CudaLayers layers, RoutingCopy routing, Report report) {
        this.model = model;
        this.architecture = model.architecture();
        this.schedule = schedule;
        this.sequences = sequences;
        this.state = state;
        this.operations = operations;
        this.layers = layers;
        this.routing = routing;
        this.report = report;
        layers.embed(state);
    }

    @Override
    public void attention(int layer, Work work) {
        layers.attention(layer, state);
        work.done(attentionCost.computeIfAbsent(architecture.layers().get(layer).attention(), this::cost));
    }

    private long cost(Attention kind) {
        long flops = sequences.tokens() * Cost.keysValues(architecture, kind);
        for (int token = 0; token < sequences.tokens(); token++) {
            flops += Cost.attend(architecture, kind, sequences.position(token));
        }
        return flops;
    }

    @Override
    public int route(int layer, Work work) {
        FeedForward.Sparse shape = architecture.sparse(layer);
        Stream stream = operations.launcher().stream();
        layers.route(layer, state, routing.bad(stream));
        routing.queue(stream, report.queue(stream, state.routed()));
        if (!schedule.routeOnly() || layer < schedule.layers() - 1) {
            layers.experts(layer, state);
        }
        int bad = routing.take(report);
        work.done(state.tokens() * Cost.route(architecture, shape));
        return bad;
    }

    /** They are on their way since {@link #route}, which alone decides what goes where. */
    @Override
    public void experts(int layer, Work work) {
        work.done(state.tokens() * Cost.experts(architecture, architecture.sparse(layer)));
    }

    @Override
    public void dense(int layer, Work work) {
        layers.dense(layer, state);
        if (architecture.layers().get(layer).feedForward() instanceof FeedForward.Dense shape) {
            work.done(state.tokens() * Cost.mlp(architecture, shape.width()));
        }
    }

    @Override
    public void residual(int token, float[] into) {
        read(state.residual(token), NumberType.FP32, into);
    }

    @Override
    public void finalNorm(int token, float[] into) {
        layers.finalNorm(token, state);
        read(state.normed(token), operations.launcher().type(), into);
    }

    private void read(long from, NumberType type, float[] into) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate((long) type.bytes() * into.length, type.bytes());
            operations.launcher().copyOut(from, host);
            for (int i = 0; i < into.length; i++) {
                into[i] = type.get(host, i);
            }
        }
    }

    @Override
    public void logits(int[] tokens, float[][] into, Work work) {
        float[] bias = model.headBias().map(Vector::toFloats).orElseGet(() -> new float[architecture.vocabulary()]);
        float divisor = architecture.scales().logits();
        try (DeviceBuffer logits = operations.launcher().allocate(4L * architecture.vocabulary())) {
            for (int i = 0; i < tokens.length; i++) {
                layers.finalNorm(tokens[i], state);
                read(layers.head(tokens[i], state, logits), NumberType.FP32, into[i]);
                for (int v = 0; v < into[i].length; v++) {
                    into[i][v] = (into[i][v] + bias[v]) / divisor;
                }
                work.done(2L * architecture.hidden() * architecture.vocabulary());
            }
        }
    }

    @Override
    public void close() {
        // What is queued still reads the wave's memory, which the next one takes.
        operations.launcher().stream().synchronize();
        state.close();
    }
}
