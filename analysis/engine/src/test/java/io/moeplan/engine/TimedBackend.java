package io.moeplan.engine;

import io.moeplan.engine.backend.Backend;
import io.moeplan.engine.backend.Reading;
import io.moeplan.engine.backend.Schedule;
import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.backend.Wanted;
import io.moeplan.engine.backend.Wave;
import io.moeplan.engine.backend.Work;
import java.util.EnumMap;
import java.util.Map;

/** A backend that knows how long its operations took. */
final class TimedBackend implements Backend {
    /** Of a layer. */
    enum Operation {
        EMBED, ATTENTION, ROUTE, EXPERTS, DENSE
    }

    private final Backend backend;
    private final Map<Operation, Long> nanos = new EnumMap<>(Operation.class);

    TimedBackend(Backend backend) {
        this.backend = backend;
    }

    /** Seconds since the last {@link #reset}. */
    double seconds(Operation operation) {
        return nanos.getOrDefault(operation, 0L) / 1e9;
    }

    void reset() {
        nanos.clear();
    }

    private void add(Operation operation, long started) {
        nanos.merge(operation, System.nanoTime() - started, Long::sum);
    }

    @Override
    public String device() {
        return backend.device();
    }

    @Override
    public String precision() {
        return backend.precision();
    }

    @Override
    public long fixedBytes(int layers, boolean routeOnly) {
        return backend.fixedBytes(layers, routeOnly);
    }

    @Override
    public long waveBytes(long tokens, int longest) {
        return backend.waveBytes(tokens, longest);
    }

    @Override
    public void start(Schedule schedule) {
        backend.start(schedule);
    }

    @Override
    public Reading reading() {
        return backend.reading();
    }

    @Override
    public Wave begin(Sequences sequences, Wanted wanted) {
        long started = System.nanoTime();
        Wave wave = backend.begin(sequences, wanted);
        add(Operation.EMBED, started);
        return new Timed(wave);
    }

    @Override
    public void close() {
        backend.close();
    }

    private final class Timed implements Wave {
        private final Wave wave;

        Timed(Wave wave) {
            this.wave = wave;
        }

        @Override
        public void attention(int layer, Work work) {
            long started = System.nanoTime();
            wave.attention(layer, work);
            add(Operation.ATTENTION, started);
        }

        @Override
        public int route(int layer, Work work) {
            long started = System.nanoTime();
            int bad = wave.route(layer, work);
            add(Operation.ROUTE, started);
            return bad;
        }

        @Override
        public void experts(int layer, Work work) {
            long started = System.nanoTime();
            wave.experts(layer, work);
            add(Operation.EXPERTS, started);
        }

        @Override
        public void dense(int layer, Work work) {
            long started = System.nanoTime();
            wave.dense(layer, work);
            add(Operation.DENSE, started);
        }

        @Override
        public void residual(int token, float[] into) {
            wave.residual(token, into);
        }

        @Override
        public void finalNorm(int token, float[] into) {
            wave.finalNorm(token, into);
        }

        @Override
        public void logits(int[] tokens, float[][] into, Work work) {
            wave.logits(tokens, into, work);
        }

        @Override
        public void close() {
            wave.close();
        }
    }
}
