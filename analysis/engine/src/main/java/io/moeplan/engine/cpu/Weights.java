package io.moeplan.engine.cpu;

import io.moeplan.engine.backend.Reading;
import io.moeplan.engine.backend.Schedule;
import io.moeplan.engine.model.Model;
import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.stream.LayerReader;
import io.moeplan.tensors.stream.LoadedLayer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.UnaryOperator;

/** The weights of a run, handed out piece by piece: as they are mapped, or read ahead in the order of use. */
final class Weights implements AutoCloseable {
    /** Pieces of each layer. */
    private final List<List<Piece>> layers = new ArrayList<>();
    /** What the reader reads in every wave, empty if weights are mapped. */
    private final List<Piece> streamed = new ArrayList<>();
    private final long readerBytes;
    private LayerReader reader;
    private Iterator<Piece> next;

    /** A piece in use; closing it gives its memory back. */
    record Loan(UnaryOperator<Tensor> place, LoadedLayer loaded) implements AutoCloseable {
        @Override
        public void close() {
            if (loaded != null) {
                loaded.close();
            }
        }
    }

    /**
     * Plans what layers need.
     *
     * @param layers    how many layers run
     * @param routeOnly whether the last of them ends with its router
     * @param sizes     how much is read ahead; empty pieces of memory if weights are mapped
     */
    Weights(Model model, int layers, boolean routeOnly, boolean mapped, Sizes sizes) {
        for (int layer = 0; layer < layers; layer++) {
            List<Piece> pieces = Piece.of(model, layer, routeOnly && layer == layers - 1,
                    mapped ? Long.MAX_VALUE : sizes.batchBytes());
            this.layers.add(pieces);
            pieces.stream().filter(piece -> !mapped && piece.part().streamed()).forEach(streamed::add);
        }
        long largest = streamed.isEmpty() ? 0 : LayerReader.leastBytes(tensors());
        readerBytes = Math.max(largest, Math.min(2 * largest, sizes.aheadBytes()));
    }

    private List<List<Tensor>> tensors() {
        return streamed.stream().map(Piece::tensors).toList();
    }

    /** Bytes that weights in flight take. */
    long readerBytes() {
        return readerBytes;
    }

    /** Begins to read for these waves. */
    void start(Schedule schedule) {
        close();
        if (!streamed.isEmpty() && schedule.waves() > 0) {
            reader = LayerReader.start(tensors(), schedule.waves(), readerBytes);
        }
        next = List.<Piece>of().iterator();
    }

    /** A layer's pieces of that kind, in the order of use. */
    List<Piece> pieces(int layer, Piece.Part part) {
        return layers.get(layer).stream().filter(piece -> piece.part() == part).toList();
    }

    /**
     * Waits for a piece.
     *
     * @throws UncheckedIOException  if it cannot be read
     * @throws CancellationException if the thread is interrupted (it stays so)
     */
    Loan take(Piece piece) {
        if (reader == null || !piece.part().streamed()) {
            return new Loan(UnaryOperator.identity(), null);
        }
        if (!next.hasNext()) {
            next = streamed.iterator();
        }
        Piece expected = next.next();
        if (!expected.at(piece)) {
            throw new IllegalStateException("layer " + piece.layer() + " is asked for its " + piece.part()
                    + ", but the next weights are layer " + expected.layer() + "'s " + expected.part());
        }
        try {
            LoadedLayer loaded = reader.next();
            return new Loan(loaded, loaded);
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        }
    }

    Reading reading() {
        return reader == null
                ? Reading.NONE
                : new Reading(reader.readBytes(), reader.readSeconds(), reader.waitedSeconds());
    }

    @Override
    public void close() {
        if (reader != null) {
            reader.close();
            reader = null;
        }
    }
}
