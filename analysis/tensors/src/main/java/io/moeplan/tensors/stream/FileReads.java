package io.moeplan.tensors.stream;

import io.moeplan.tensors.CheckpointException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Carries out read plans; keeps the last file open, since one layer mostly follows another in the same one. */
final class FileReads implements AutoCloseable {
    private static final long CHUNK = 32 << 20;

    private Path path = Path.of("");
    private FileChannel channel;

    /**
     * Fills the memory as planned.
     *
     * @throws InterruptedIOException if the thread is interrupted
     * @throws IOException            if a file cannot be read, or is shorter than it was; the message names it
     */
    void read(ReadPlan plan, MemorySegment into) throws IOException {
        for (ReadPlan.Run run : plan.runs()) {
            try {
                open(run.file());
                read(run, into);
            } catch (ClosedByInterruptException e) {
                throw (IOException) new InterruptedIOException(run.file() + ": reading was interrupted").initCause(e);
            } catch (CheckpointException e) {
                throw e;
            } catch (IOException e) {
                throw new CheckpointException(run.file(), "cannot be read: " + e.getMessage(), e);
            }
        }
    }

    private void open(Path file) throws IOException {
        if (channel == null || !path.equals(file)) {
            close();
            channel = FileChannel.open(file, StandardOpenOption.READ);
            path = file;
        }
    }

    private void read(ReadPlan.Run run, MemorySegment into) throws IOException {
        long from = run.from();
        while (from < run.to()) {
            long at = run.at() + from - run.from();
            ByteBuffer buffer = into.asSlice(at, Math.min(CHUNK, run.to() - from)).asByteBuffer();
            int some = channel.read(buffer, from);
            if (some < 0) {
                throw new CheckpointException(run.file(), "truncated since it was opened: it ends before byte "
                        + run.to());
            }
            from += some;
        }
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
            channel = null;
        }
    }
}
