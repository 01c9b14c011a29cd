package io.moeplan.engine.cuda;

import io.moeplan.engine.backend.Routing;
import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.Event;
import io.moeplan.engine.cuda.driver.PinnedBuffer;
import io.moeplan.engine.cuda.driver.Stream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Brings routing decisions to the host beside the computation: on a stream of its own, to pinned memory. */
final class RoutingCopy implements AutoCloseable {
    private static final int NONE = 0x7f7f7f7f;

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
    }

    /** Where kernels note the first token whose logits are not finite; reset in that stream's order. */
    long bad(Stream compute) {
        // What comes next writes where the copy before this one reads.
        compute.await(copied);
        bad.fill(compute, (byte) 0x7f);
        return bad.address();
    }

    /**
     * Queues the copy of what that stream has decided so far.
     *
     * @param pairs tokens times experts of each
     */
    void queue(Stream compute, Routed routed, long pairs) {
        long bytes = 6 * pairs + 8;
        if (host == null || host.segment().byteSize() < bytes) {
            if (host != null) {
                host.close();
            }
            host = new PinnedBuffer(cuda, bytes);
        }
        decided.record(compute);
        stream.await(decided);
        host.read(stream, 0, routed.weights(), 4 * pairs);
        host.read(stream, 4 * pairs, routed.packed(), 2 * pairs);
        host.read(stream, 6 * pairs, bad.address(), 4);
        copied.record(stream);
    }

    /**
     * Waits for the copy.
     *
     * @return the first token with a logit that is not finite, -1 if there is none
     */
    int take(Routing into) {
        copied.synchronize();
        int pairs = into.experts().length;
        MemorySegment.copy(host.segment(), ValueLayout.JAVA_FLOAT, 0, into.weights(), 0, pairs);
        MemorySegment.copy(host.segment(), ValueLayout.JAVA_CHAR, 4L * pairs, into.experts(), 0, pairs);
        int first = host.segment().get(ValueLayout.JAVA_INT_UNALIGNED, 6L * pairs);
        return first == NONE ? -1 : first;
    }

    @Override
    public void close() {
        stream.synchronize();
        if (host != null) {
            host.close();
        }
        bad.close();
        decided.close();
        copied.close();
        stream.close();
    }
}
