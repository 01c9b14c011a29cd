package io.moeplan.recording;

import io.moeplan.eplb.LoadTrace;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;

/**
 * Writes a recording directory, crash-safe: what was flushed is readable by anyone whatever happens after.
 *
 * <p>Rows collect until a batch is full or {@link #flush()} is called. Requests are written before the tokens that
 * belong to them. One thread at a time.
 */
public final class RecordingWriter implements AutoCloseable {
    /**
     * How to store.
     *
     * @param zstd         whether to compress (readers need ZSTD then)
     * @param storeWeights whether tokens carry gate weights
     */
    public record Options(boolean zstd, boolean storeWeights) {
        /** Neither compressed nor with weights. */
        public static final Options PLAIN = new Options(false, false);
    }

    /** Opens a new file; tests put a device with little space in its place. */
    interface Opener {
        SeekableByteChannel open(Path file) throws IOException;
    }

    private final Path dir;
    private final Manifest initial;
    private final BufferAllocator allocator;
    private final RequestOutput requests;
    private final LoadOutput loads;
    private boolean finished;
    private boolean closed;

    private RecordingWriter(Path dir, Manifest initial, BufferAllocator allocator, RequestOutput requests,
            LoadOutput loads) {
        this.dir = dir;
        this.initial = initial;
        this.allocator = allocator;
        this.requests = requests;
        this.loads = loads;
    }

    /**
     * Begins a recording: makes the directory, its Arrow files and a manifest that says {@code complete: false}.
     *
     * @param dir     must not exist, or be empty
     * @param initial its tokens, requests, timing and complete are ignored
     * @throws IOException if the directory holds something or cannot be written
     */
    public static RecordingWriter create(Path dir, Manifest initial, Options options) throws IOException {
        return create(dir, initial, options,
                file -> FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    static RecordingWriter create(Path dir, Manifest initial, Options options, Opener opener) throws IOException {
        makeEmptyDirectory(dir);
        Manifest manifest = initial.stable();
        BufferAllocator allocator = ArrowRuntime.allocator(Long.MAX_VALUE);
        RequestOutput requests = null;
        LoadOutput loads = null;
        try {
            requests = new RequestOutput(
                    open(dir.resolve(Tables.REQUESTS), Tables.requests(), manifest, options, opener, allocator),
                    allocator);
            loads = openLoads(dir, manifest, options, opener, allocator);
            // Last, so that a directory with a manifest has all its files.
            manifest.write(dir);
            return new RecordingWriter(dir, manifest, allocator, requests, loads);
        } catch (IOException | RuntimeException e) {
            closeAll(e, requests, loads, allocator);
            throw e;
        }
    }

    private static void makeEmptyDirectory(Path dir) throws IOException {
        if (Files.exists(dir) && !Files.isDirectory(dir)) {
            throw new IOException(dir + ": is a file; name a new directory for the recording");
        }
        try {
            Files.createDirectories(dir);
        } catch (IOException e) {
            throw FileFault.writing(dir, "the recording's directory cannot be made", e);
        }
        try (Stream<Path> entries = Files.list(dir)) {
            if (entries.findAny().isPresent()) {
                throw new IOException(dir + ": is not empty; name a new directory for the recording, or remove it");
            }
        }
    }

    private static LoadOutput openLoads(Path dir, Manifest manifest, Options options, Opener opener,
            BufferAllocator allocator) throws IOException {
        Path file = dir.resolve(Tables.loads(manifest));
        if (manifest.mode() == Mode.PER_TOKEN) {
            List<Column> columns = Tables.tokens(manifest, options.storeWeights());
            return new TokenOutput(open(file, columns, manifest, options, opener, allocator), manifest,
                    options.storeWeights(), allocator);
        }
        return new StepOutput(open(file, Tables.steps(manifest), manifest, options, opener, allocator), manifest,
                allocator);
    }

    private static ArrowFileOutput open(Path file, List<Column> columns, Manifest manifest, Options options,
            Opener opener, BufferAllocator allocator) throws IOException {
        SeekableByteChannel channel;
        try {
            channel = opener.open(file);
        } catch (IOException e) {
            throw FileFault.writing(file, "nothing was recorded", e);
        }
        try {
            return new ArrowFileOutput(file, channel, Tables.schema(columns, manifest), allocator, options.zstd());
        } catch (IOException | RuntimeException e) {
            closeAll(e, channel);
            throw e;
        }
    }

    /**
     * Adds requests.
     *
     * @throws IOException if a full batch cannot be written
     */
    public void appendRequests(List<RequestRow> rows) throws IOException {
        requireOpen();
        requests.append(rows);
    }

    /**
     * Adds tokens, in the order of the workload. The arrays are copied.
     *
     * @throws IllegalArgumentException if the rows do not fit the manifest; then none of them was added
     * @throws IllegalStateException    if the recording is not per-token
     * @throws IOException              if a full batch cannot be written
     */
    public void appendTokens(TokenRows rows) throws IOException {
        requireOpen();
        if (!(loads instanceof TokenOutput tokens)) {
            throw new IllegalStateException(
                    "a recording in mode " + initial.mode().label() + " takes steps, no tokens");
        }
        tokens.check(rows);
        int done = 0;
        while (done < rows.rows()) {
            done += tokens.fill(rows, done);
            if (tokens.isFull()) {
                requests.write();
                tokens.write();
            }
        }
    }

    /**
     * Adds a step; in mode {@code stat} one stands for the sum of several passes.
     *
     * @throws IllegalArgumentException if the step does not fit the manifest or is not later than the last
     * @throws IllegalStateException    if the recording is per-token
     * @throws IOException              if a full batch cannot be written
     */
    public void appendStep(LoadTrace.Step step) throws IOException {
        requireOpen();
        if (!(loads instanceof StepOutput steps)) {
            throw new IllegalStateException("a recording in mode per-token takes tokens, no steps");
        }
        steps.append(step);
    }

    /**
     * Writes everything appended so far to the device. Each flush makes a batch, so flush every few seconds rather than
     * after every row.
     *
     * @throws IOException if there is no space or the device fails; what was flushed before stays readable
     */
    public void flush() throws IOException {
        requireOpen();
        writePending();
        requests.file().sync();
        loads.file().sync();
    }

    private void writePending() throws IOException {
        requests.write();
        loads.write();
    }

    /**
     * Flushes and declares the recording complete.
     *
     * @param last what is known now, its timing above all; its tokens, requests and complete are set here
     * @return the manifest as written
     * @throws IllegalArgumentException if {@code last} contradicts the manifest that the recording began with
     */
    public Manifest finish(Manifest last) throws IOException {
        requireOpen();
        if (!last.stable().equals(initial)) {
            throw new IllegalArgumentException(
                    dir + ": the last manifest contradicts the one the recording began with");
        }
        flush();
        Manifest written = last.withState(loads.tokens(), requests.file().rows(), true);
        written.write(dir);
        finished = true;
        return written;
    }

    /** Without {@link #finish} before it, writes what is pending and leaves a readable recording, not complete. */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try (allocator; loads; requests) {
            if (!finished) {
                leaveIncomplete();
            }
        }
    }

    private void leaveIncomplete() throws IOException {
        try {
            if (!requests.file().isBroken() && !loads.file().isBroken()) {
                writePending();
            }
        } finally {
            initial.withState(loads.tokens(), requests.file().rows(), false).write(dir);
        }
    }

    private void requireOpen() {
        if (finished || closed) {
            throw new IllegalStateException(dir + ": the recording is finished");
        }
    }

    private static void closeAll(Exception cause, AutoCloseable... resources) {
        for (AutoCloseable resource : resources) {
            try {
                if (resource != null) {
                    resource.close();
                }
            } catch (Exception e) {
                cause.addSuppressed(e);
            }
        }
    }
}
