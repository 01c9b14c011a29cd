package io.moeplan.tensors.stream;

import io.moeplan.tensors.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How to read some tensors in few, long reads: in the order of the files, small gaps read through.
 *
 * @param runs   the reads
 * @param places where each tensor will be in memory
 * @param bytes  memory it takes
 */
record ReadPlan(List<Run> runs, Map<Place, Long> places, long bytes) {
    /** Gaps that cost less to read than a second request does. */
    private static final long MAX_GAP = 128 << 10;
    private static final long ALIGNMENT = 64;

    /** A tensor's place in the checkpoint. */
    record Place(Path file, long position) {
        static Place of(Tensor tensor) {
            return new Place(tensor.file(), tensor.position());
        }
    }

    /** Bytes {@code [from, to)} of a file go to {@code at} in memory. */
    record Run(Path file, long from, long to, long at) {}

    static ReadPlan of(List<Tensor> tensors) {
        List<Tensor> inOrder = new ArrayList<>(tensors);
        inOrder.sort(Comparator.comparing(Tensor::file).thenComparingLong(Tensor::position));
        List<Run> runs = new ArrayList<>();
        Map<Place, Long> places = new HashMap<>();
        long end = 0;
        for (Tensor tensor : inOrder) {
            long from = tensor.position();
            long to = from + tensor.data().byteSize();
            Run last = runs.isEmpty() ? null : runs.getLast();
            if (last != null && last.file().equals(tensor.file()) && from - last.to() <= MAX_GAP) {
                runs.set(runs.size() - 1, new Run(last.file(), last.from(), Math.max(to, last.to()), last.at()));
            } else {
                runs.add(new Run(tensor.file(), from, to, Math.ceilDiv(end, ALIGNMENT) * ALIGNMENT));
            }
            Run run = runs.getLast();
            places.put(Place.of(tensor), run.at() + from - run.from());
            end = run.at() + run.to() - run.from();
        }
        return new ReadPlan(List.copyOf(runs), Map.copyOf(places), end);
    }
}
