package io.moeplan.engine.cuda;

import io.moeplan.engine.backend.Sequences;
import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.Launcher;
import io.moeplan.engine.cuda.driver.Scratch;
import io.moeplan.engine.cuda.kernels.Attention;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** What a wave keeps on the device, and the parts that layers take it in. */
final class WaveState implements AutoCloseable {
    private final WaveMemory memory;
    private final Sequences sequences;
    private final long residual;
    private final long normed;
    private final long ids;
    private final long positions;
    private final Routed routed;
    /** {0, together}, {0, tokens of the last part}. */
    private final long ranges;
    private final Cuda cuda;
    private final Launcher launcher;
    private final Scratch kept;
    private final List<Tokens> whole = new ArrayList<>();
    private final List<Tokens> any = new ArrayList<>();
    /** The layer whose attention norm the normed rows hold already, -1 for none. */
    private int normedLayer = -1;

    /** @param kept memory that it takes its part of */
    WaveState(Cuda cuda, WaveMemory memory, Launcher launcher, Scratch kept, Sequences sequences) {
        this.cuda = cuda;
        this.launcher = launcher;
        this.kept = kept;
        this.memory = memory;
        this.sequences = sequences;
        long tokens = sequences.tokens();
        long pairs = tokens * memory.topK();
        residual = kept.take(4 * tokens * hidden());
        normed = kept.take(memory.elementBytes() * tokens * hidden());
        ids = kept.take(4 * tokens);
        positions = kept.take(4 * tokens);
        long offsets = 4L * (memory.experts() + 1) * Math.ceilDiv(tokens, (long) memory.together());
        routed = new Routed(kept.take(4 * pairs), kept.take(2 * pairs), kept.take(4 * pairs), kept.take(offsets),
                kept.take(4 * pairs), kept.take(4 * pairs));
        ranges = kept.take(16);
        writeRanges(tokens);
        long starts = kept.take(8 * (tokens + 1));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(8 * (tokens + 1), 4);
            for (int t = 0; t < tokens; t++) {
                host.setAtIndex(ValueLayout.JAVA_INT, t, sequences.id(t));
            }
            launcher.copyIn(ids, host, 4 * tokens);
            for (int t = 0; t < tokens; t++) {
                host.setAtIndex(ValueLayout.JAVA_INT, t, sequences.position(t));
            }
            launcher.copyIn(positions, host, 4 * tokens);
            long count = cutWhole(starts, host);
            launcher.copyIn(starts, host, 4 * count);
        }
        for (int from = 0; from < tokens; from += memory.together()) {
            any.add(tokens(from, (int) Math.min(memory.together(), tokens - from), 0, 0, null));
        }
    }

    private int hidden() {
        return memory.architecture().hidden();
    }

    /** Cuts the wave into parts of whole sequences and writes where those start; gives the numbers written. */
    private long cutWhole(long starts, MemorySegment host) {
        long written = 0;
        int first = 0;
        while (first < sequences.count()) {
            int base = sequences.start(first);
            int last = first;
            long at = written;
            host.setAtIndex(ValueLayout.JAVA_INT, written++, 0);
            while (last < sequences.count()
                    && (last == first || sequences.start(last + 1) - base <= memory.together())) {
                last++;
                host.setAtIndex(ValueLayout.JAVA_INT, written++, sequences.start(last) - base);
            }
            int[] relative = host.asSlice(4 * at, 4 * (written - at)).toArray(ValueLayout.JAVA_INT);
            whole.add(tokens(base, sequences.start(last) - base, last - first, starts + 4 * at,
                    new Attention.Tiles(cuda, launcher.stream(), relative)));
            first = last;
        }
        return written;
    }

    private Tokens tokens(int from, int count, int ofSequences, long starts, Attention.Tiles tiles) {
        return new Tokens(from, count, residual + 4L * from * hidden(),
                normed + (long) memory.elementBytes() * from * hidden(), positions + 4L * from,
                range(count), ofSequences, starts,
                tiles);
    }

    private void writeRanges(long tokens) {
        int rest = Math.toIntExact((tokens - 1) % memory.together()) + 1;
        try (Arena arena = Arena.ofConfined()) {
            launcher.copyIn(ranges, arena.allocateFrom(ValueLayout.JAVA_INT, 0, memory.together(), 0, rest), 16);
        }
    }

    /** Of parts of {@link #any}; others are not sorted. */
    private long range(int count) {
        return count == memory.together() ? ranges : ranges + 8;
    }

    /** All tokens, in parts of whole sequences. */
    List<Tokens> whole() {
        return whole;
    }

    /** All tokens, in parts of at most {@link WaveMemory#together}. */
    List<Tokens> any() {
        return any;
    }

    /** Notes that the normed rows hold a layer's attention norm. */
    void isNormed(int layer) {
        normedLayer = layer;
    }

    /** Whether they do; they are about to hold something else. */
    boolean takeNormed(int layer) {
        boolean normed = normedLayer == layer;
        normedLayer = -1;
        return normed;
    }

    /** Whether it has memory for counts of so many passes: no more bytes than packed ids are. */
    boolean holds(long passes) {
        return 4 * passes * experts() <= 2L * tokens() * topK();
    }

    /** Memory for the rest of the wave. */
    long keep(long bytes) {
        return kept.take(bytes);
    }

    /** The same with these numbers in it. */
    long keep(int[] numbers) {
        long to = kept.take(4L * numbers.length);
        try (Arena arena = Arena.ofConfined()) {
            launcher.copyIn(to, arena.allocateFrom(ValueLayout.JAVA_INT, numbers), 4L * numbers.length);
        }
        return to;
    }

    int tokens() {
        return sequences.tokens();
    }

    int experts() {
        return memory.experts();
    }

    int topK() {
        return memory.topK();
    }

    long ids() {
        return ids;
    }

    /** The residual row of a token. */
    long residual(int token) {
        return residual + 4L * token * hidden();
    }

    /** The normed row of a token. */
    long normed(int token) {
        return normed + (long) memory.elementBytes() * token * hidden();
    }

    /** The routing of all tokens; its permutation is each part's own. */
    Routed routed() {
        return routed;
    }

    /** The routing of a part of {@link #any}. */
    Routed routed(Tokens part) {
        long at = (long) part.first() * memory.topK();
        long number = part.first() / memory.together();
        return new Routed(routed.ids() + 4 * at, routed.packed() + 2 * at, routed.weights() + 4 * at,
                routed.offsets() + 4 * number * (memory.experts() + 1), routed.rowToken() + 4 * at,
                routed.slotRow() + 4 * at);
    }

    @Override
    public void close() {
        whole.forEach(tokens -> tokens.tiles().close());
    }
}
