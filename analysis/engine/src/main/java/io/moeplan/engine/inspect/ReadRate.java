package io.moeplan.engine.inspect;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * How fast files are read.
 *
 * @param source what it was taken from, in words
 */
public record ReadRate(double bytesPerSecond, String source) {
    private static final int PLACES = 8;
    private static final int CHUNK = 32 << 20;

    /** A rate that the user knows. */
    public static ReadRate given(double bytesPerSecond) {
        return new ReadRate(bytesPerSecond, "as given");
    }

    /**
     * Reads at most 256 MiB, in pieces from the middles of some of the files, and stops the time. What the operating system
     * still holds in its page cache is faster than the disk, and no portable way tells it apart.
     *
     * @throws IOException if a file cannot be read
     */
    public static ReadRate measure(List<Path> files) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
        int places = Math.min(PLACES, files.size());
        long read = 0;
        long started = System.nanoTime();
        for (int place = 0; place < places; place++) {
            read += readMiddle(files.get(place * files.size() / places), buffer);
        }
        double seconds = Math.max(System.nanoTime() - started, 1_000) / 1e9;
        return new ReadRate(Math.max(read, 1) / seconds, "measured on " + Units.bytes(read)
                + " of it; what is in the page cache reads faster than the disk");
    }

    private static long readMiddle(Path file, ByteBuffer buffer) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long from = Math.max(0, (channel.size() - CHUNK) / 2);
            buffer.clear();
            long read = 0;
            while (buffer.hasRemaining()) {
                int some = channel.read(buffer, from + read);
                if (some < 0) {
                    break;
                }
                read += some;
            }
            return read;
        }
    }
}
