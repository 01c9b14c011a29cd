package io.moeplan.engine.cuda;

import io.moeplan.engine.backend.Routing;
import io.moeplan.engine.backend.Wanted;
import io.moeplan.engine.cuda.driver.Stream;
import io.moeplan.engine.cuda.kernels.FastKernels;
import io.moeplan.engine.cuda.kernels.PassCounts;
import io.moeplan.engine.cuda.kernels.PassCounts.Passes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** What a wave tells of its routers' decisions, and what of it the host needs for that. */
sealed interface Report {
    /** Device memory that the host needs a copy of. */
    record Part(long address, long bytes) {}

    /**
     * Queues what it takes to make it of a layer's decisions.
     *
     * @return where it is then, to be brought to the host
     */
    List<Part> queue(Stream compute, Routed routed);

    /**
     * Tells it to who wants it.
     *
     * @param host the parts, one after the other
     */
    void tell(MemorySegment host);

    /** As little as is wanted: counts are made on the device, unless choices are fewer bytes. */
    static Report of(Wanted wanted, WaveState state, FastKernels fast) {
        return switch (wanted) {
            case Wanted.Nothing nothing -> new Nothing();
            case Wanted.Counts counts when state.holds(counts.starts().length - 1) -> OfPasses.of(counts, state, fast);
            case Wanted.Choices choices -> OfTokens.of(choices, state);
        };
    }

    /** Nothing. */
    record Nothing() implements Report {
        @Override
        public List<Part> queue(Stream compute, Routed routed) {
            return List.of();
        }

        @Override
        public void tell(MemorySegment host) {
            // Nobody asked.
        }
    }

    /** The choice of every token. */
    record OfTokens(Wanted.Choices wanted, Routing routing) implements Report {
        static OfTokens of(Wanted.Choices wanted, WaveState state) {
            int pairs = Math.multiplyExact(state.tokens(), state.topK());
            return new OfTokens(wanted, new Routing(state.topK(), new char[pairs],
                    new float[wanted.weighted() ? pairs : 0]));
        }

        @Override
        public List<Part> queue(Stream compute, Routed routed) {
            Part chosen = new Part(routed.packed(), 2L * routing.experts().length);
            return wanted.weighted()
                    ? List.of(new Part(routed.weights(), 4L * routing.weights().length), chosen)
                    : List.of(chosen);
        }

        @Override
        public void tell(MemorySegment host) {
            int weights = routing.weights().length;
            MemorySegment.copy(host, ValueLayout.JAVA_FLOAT, 0, routing.weights(), 0, weights);
            MemorySegment.copy(host, ValueLayout.JAVA_CHAR, 4L * weights, routing.experts(), 0,
                    routing.experts().length);
            wanted.choices(routing);
        }
    }

    /**
     * How often passes chose each expert.
     *
     * @param counts int32 {@code [passes][experts]}, on the device
     * @param bytes  theirs
     */
    record OfPasses(Wanted.Counts wanted, PassCounts kernel, Passes passes, long counts, long bytes) implements Report {
        static OfPasses of(Wanted.Counts wanted, WaveState state, FastKernels fast) {
            int[] starts = wanted.starts();
            Passes passes = Passes.of(starts, state.keep(starts));
            long bytes = PassCounts.bytes(passes.count(), state.experts());
            return new OfPasses(wanted, fast.counts(state.experts(), state.topK()), passes, state.keep(bytes), bytes);
        }

        @Override
        public List<Part> queue(Stream compute, Routed routed) {
            kernel.count(compute, passes, routed.packed(), counts);
            return List.of(new Part(counts, bytes));
        }

        @Override
        public void tell(MemorySegment host) {
            wanted.counts(host.asSlice(0, bytes));
        }
    }
}
