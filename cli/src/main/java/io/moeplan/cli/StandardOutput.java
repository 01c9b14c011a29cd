package io.moeplan.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/** Passes on what is written and remembers the first failure, which print streams hide. */
final class StandardOutput extends OutputStream {
    private final OutputStream stream;
    private IOException failure;

    StandardOutput(OutputStream stream) {
        this.stream = stream;
    }

    /** Why results are lost; nothing if they are not, or if their reader wanted no more ({@code | head}). */
    Optional<String> failure() {
        String reason = failure == null ? "" : String.valueOf(failure.getMessage());
        return reason.isEmpty() || reason.contains("Broken pipe") ? Optional.empty() : Optional.of(reason);
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[]{(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            stream.write(bytes, offset, length);
        } catch (IOException e) {
            failure = failure == null ? e : failure;
            throw e;
        }
    }

    @Override
    public void flush() throws IOException {
        stream.flush();
    }
}
