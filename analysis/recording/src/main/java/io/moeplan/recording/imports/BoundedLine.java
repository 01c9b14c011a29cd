package io.moeplan.recording.imports;

import java.io.IOException;
import java.io.Reader;

/** Reads lines that are not kept when they are too long. */
final class BoundedLine {
    /** What stands for the end of the file: no line has a line feed in it. */
    static final String END = "\n";

    private BoundedLine() {}

    /**
     * The next line without its end, {@link #END} after the last, null if it is longer than {@code most}: then the rest of it
     * is still to come.
     *
     * @param reader buffered
     */
    static String read(Reader reader, int most) throws IOException {
        StringBuilder line = new StringBuilder();
        int next = reader.read();
        if (next < 0) {
            return END;
        }
        for (; next >= 0 && next != '\n'; next = reader.read()) {
            if (line.length() == most) {
                return null;
            }
            line.append((char) next);
        }
        return line.toString();
    }
}
