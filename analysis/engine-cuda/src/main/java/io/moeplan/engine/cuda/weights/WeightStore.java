package io.moeplan.engine.cuda.weights;

import io.moeplan.engine.backend.Reading;
import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.Launcher;
import io.moeplan.engine.cuda.weights.Piece.Part;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** Hands out a run's weights on the device, wherever they are kept. Routers are small and always stay. */
public final class WeightStore implements AutoCloseable {
    private final Cuda cuda;
    private final Launcher launcher;
    private final Place place;
    private final int threads;
    private final Unpacking unpacking;
    private final Map<Piece, DeviceBuffer> kept = new HashMap<>();
    private DeviceBuffer workspace;
    private WeightStream stream;
    private Reading before = Reading.NONE;

    /**
     * A store that holds nothing yet.
     *
     * @param launcher queues what unpacks, into the type that pieces were made for
     * @param pieces   all that runs will announce
     * @param threads  that read files
     * @throws io.moeplan.engine.cuda.driver.CudaException if there is too little memory
     */
    public WeightStore(Cuda cuda, Launcher launcher, Place place, List<Piece> pieces, int threads) {
        this.cuda = cuda;
        this.launcher = launcher;
        this.place = place;
        this.threads = threads;
        unpacking = new Unpacking(cuda, launcher, pieces);
    }

    /** Bytes of device memory that a run with these pieces takes. */
    public static long bytes(Place place, List<Piece> pieces) {
        List<Piece> moving = pieces.stream().filter(piece -> piece.part() != Part.ROUTER).toList();
        long unpacked = moving.stream().mapToLong(Piece::bytes).sum();
        long raw = moving.stream().mapToLong(Piece::rawBytes).sum();
        long largest = moving.stream().mapToLong(Piece::bytes).max().orElse(0);
        long routers = pieces.stream().filter(piece -> piece.part() == Part.ROUTER).mapToLong(Piece::bytes).sum();
        return routers + WeightStream.bytes(moving) + switch (place) {
            case UNPACKED -> unpacked;
            case PACKED -> raw + largest;
            case STREAMED -> largest;
        };
    }

    /**
     * Brings what stays to the device and begins to read the rest ahead.
     *
     * @param pieces in the order of use
     * @param passes how many times they are used
     * @throws java.io.UncheckedIOException if a file cannot be read; the message names it
     */
    public void start(List<Piece> pieces, int passes) {
        stopReading();
        before = Reading.NONE;
        Set<Piece> missing = new LinkedHashSet<>();
        List<Piece> moving = new ArrayList<>();
        for (Piece piece : pieces) {
            if (place == Place.STREAMED && piece.part() != Part.ROUTER) {
                moving.add(piece);
            } else if (!kept.containsKey(piece)) {
                missing.add(piece);
            }
        }
        bring(List.copyOf(missing));
        if (place != Place.UNPACKED) {
            room(pieces.stream().filter(piece -> piece.part() != Part.ROUTER).mapToLong(Piece::bytes).max().orElse(0));
        }
        if (!moving.isEmpty() && passes > 0) {
            stream = WeightStream.start(cuda, moving, passes, threads);
        }
    }

    /** Loads pieces that stay. */
    private void bring(List<Piece> pieces) {
        if (pieces.isEmpty()) {
            return;
        }
        try (WeightStream loading = WeightStream.start(cuda, pieces, 1, threads)) {
            for (Piece piece : pieces) {
                WeightStream.Arrival raw = loading.next(piece, launcher.stream());
                boolean packed = place == Place.PACKED && piece.part() != Part.ROUTER;
                DeviceBuffer buffer = new DeviceBuffer(cuda, packed ? piece.rawBytes() : piece.bytes());
                kept.put(piece, buffer);
                if (packed) {
                    buffer.copy(launcher.stream(), raw.address(), piece.rawBytes());
                } else {
                    unpacking.unpack(piece, raw.address(), buffer.address());
                }
                loading.release(raw, launcher.stream());
            }
            launcher.stream().synchronize();
            before = loading.reading();
        }
    }

    private void room(long bytes) {
        if (workspace == null || workspace.bytes() < bytes) {
            if (workspace != null) {
                launcher.stream().synchronize();
                workspace.close();
            }
            workspace = new DeviceBuffer(cuda, bytes);
        }
    }

    /**
     * The device address of a piece's unpacked weights, for what is queued until the next piece is asked for.
     *
     * @throws java.io.UncheckedIOException if they cannot be read; the message names the file
     */
    public long use(Piece piece) {
        DeviceBuffer own = kept.get(piece);
        if (own != null && (place != Place.PACKED || piece.part() == Part.ROUTER)) {
            return own.address();
        }
        if (own != null) {
            unpacking.unpack(piece, own.address(), workspace.address());
            return workspace.address();
        }
        if (stream == null) {
            throw new IllegalStateException(piece + " is asked for, which was not announced");
        }
        WeightStream.Arrival raw = stream.next(piece, launcher.stream());
        unpacking.unpack(piece, raw.address(), workspace.address());
        stream.release(raw, launcher.stream());
        return workspace.address();
    }

    /**
     * Brings a piece that no run announces, and keeps it.
     *
     * @return the device address of its unpacked weights
     * @throws java.io.UncheckedIOException if they cannot be read; the message names the file
     */
    public long keep(Piece piece) {
        if (!kept.containsKey(piece)) {
            DeviceBuffer buffer = new DeviceBuffer(cuda, piece.bytes());
            try (Unpacking own = new Unpacking(cuda, launcher, List.of(piece));
                    WeightStream loading = WeightStream.start(cuda, List.of(piece), 1, threads)) {
                WeightStream.Arrival raw = loading.next(piece, launcher.stream());
                own.unpack(piece, raw.address(), buffer.address());
                loading.release(raw, launcher.stream());
                launcher.stream().synchronize();
            }
            kept.put(piece, buffer);
        }
        return kept.get(piece).address();
    }

    /** Waits for what is queued and warns of weights that are not finite: a line for each tensor, once. */
    public void warn(Consumer<String> warnings) {
        unpacking.warn(warnings);
    }

    /** What was read since {@link #start}: of what streams, or if nothing does, of what was brought then. */
    public Reading reading() {
        return stream == null ? before : stream.reading();
    }

    private void stopReading() {
        if (stream != null) {
            stream.close();
            stream = null;
        }
    }

    @Override
    public void close() {
        stopReading();
        kept.values().forEach(DeviceBuffer::close);
        kept.clear();
        if (workspace != null) {
            workspace.close();
        }
        unpacking.close();
    }
}
