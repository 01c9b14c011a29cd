package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.Event;
import io.moeplan.engine.cuda.driver.PinnedBuffer;
import io.moeplan.engine.cuda.driver.Stream;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Brings a layer's {@link Report} to the host beside the computation: on a stream of its own, to pinned memory. */
final class RoutingCopy implements AutoCloseable {
    private static final int NONE = 0x7f7f7f7f;
    /** Where the report begins in pinned memory; before it is the first token whose logits are not finite. */
    private static final int REPORT = 64;

    private final Cuda cuda;
    private final Stream stream;
    private final Event decided;
    private final Event copied;
    private final DeviceBuffer bad;
    private PinnedBuffer host;

    RoutingCopy(Cuda cuda) {
        this.cuda = cuda;
        stream = new Stream(cuda);
        decided = new Event(cuda);
        copied = new Event(cuda);
        bad = new DeviceBuffer(cuda, 8);
        host = new PinnedBuffer(cuda, REPORT);
    }

    /** Where kernels note the first token whose logits are not finite; reset in that stream's order. */
    long bad(Stream compute) {
        // What comes next writes where the copy before this one reads.
        compute.await(copied);
        bad.fill(compute, (byte) 0x7f);
        return bad.address();
    }

    /** Queues the copy of what that stream has made so far. */
    void queue(Stream compute, List<Report.Part> report) {
        long bytes = REPORT + report.stream().mapToLong(Report.Part::bytes).sum();
        if (host.segment().byteSize() < bytes) {
            host.close();
            host = new PinnedBuffer(cuda, bytes);
        }
        decided.record(compute);
        stream.await(decided);
        host.read(stream, 0, bad.address(), 4);
        long at = REPORT;
        for (Report.Part part : report) {
            host.read(stream, at, part.address(), part.bytes());
            at += part.bytes();
        }
        copied.record(stream);
    }

    /**
     * Waits for the copy, and has it told if all is well.
     *
     * @return the first token with a logit that is not finite, -1 if there is none
     */
    int take(Report report) {
        copied.synchronize();
        int first = host.segment().get(ValueLayout.JAVA_INT, 0);
        if (first != NONE) {
            return first;
        }
        report.tell(host.segment().asSlice(REPORT));
        return -1;
    }

    @Override
    public void close() {
        stream.synchronize();
        host.close();
        bad.close();
        decided.close();
        copied.close();
        stream.close();
    }
}
