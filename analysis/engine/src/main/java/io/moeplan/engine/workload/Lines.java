package io.moeplan.engine.workload;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file's lines as bytes, one at a time and of bounded length. */
final class Lines implements Closeable {
    private final Path file;
    private final int maxLength;
    private final InputStream in;
    private long number;

    Lines(Path file, int maxLength) throws IOException {
        this.file = file;
        this.maxLength = maxLength;
        this.in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    }

    /** The next line without its end, or null after the last. */
    byte[] next() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(1 << 10);
        number++;
        int read = in.read();
        if (read < 0) {
            return null;
        }
        for (; read >= 0 && read != '\n'; read = in.read()) {
            if (line.size() == maxLength) {
                throw place().error("longer than " + (maxLength >> 20) + " MiB; one request a line is expected");
            }
            line.write(read);
        }
        return line.toByteArray();
    }

    /** Where the line is that was read last. */
    Place place() {
        return new Place(file, "line", number);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
