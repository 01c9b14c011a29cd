package io.moeplan.recording.imports;

import io.moeplan.eplb.Phase;
import io.moeplan.recording.Absent;
import io.moeplan.recording.Mode;
import io.moeplan.tensors.StridedTensor;
import io.moeplan.tensors.torch.TorchArchive;
import io.moeplan.tensors.torch.Value;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Modes {@code stat} and {@code stat_approx}: {@code logical_count} [buffered steps][layers][experts], of which unused steps
 * are zeros, or one sum [layers][experts]. Dense layers are zeros too.
 */
final class SglangStat implements StepSource {
    private final String name;
    private final Archives archives;
    private final List<StridedTensor> counts = new ArrayList<>();
    private final int layers;
    private final int experts;
    private final long steps;

    SglangStat(String name, Archives archives) throws IOException {
        this.name = name;
        this.archives = archives;
        for (TorchArchive archive : archives.all()) {
            Value.Dict root = (Value.Dict) archive.root();
            boolean sum = root.get("logical_count") instanceof Value.Tensor(StridedTensor tensor)
                    && tensor.rank() == 2;
            counts.add(Archives.tensor(archive.path(), root, "", "logical_count", sum ? 2 : 3));
        }
        StridedTensor first = counts.getFirst();
        int rank = first.rank();
        Counts.requirePossible(first, first.size(rank - 2), first.size(rank - 1));
        this.layers = (int) first.size(rank - 2);
        this.experts = (int) first.size(rank - 1);
        for (StridedTensor other : counts) {
            long[] shape = other.shape();
            if (shape[shape.length - 2] != layers || shape[shape.length - 1] != experts) {
                throw new IOException(other.file() + ": \"logical_count\" is " + Arrays.toString(shape) + ", but in "
                        + first.file().getFileName() + " it is of " + layers + " layers x " + experts + " experts");
            }
        }
        this.steps = counts.stream().mapToLong(SglangStat::steps).sum();
    }

    private static long steps(StridedTensor counts) {
        return counts.rank() == 2 ? 1 : counts.size(0);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public SourceFormat format() {
        return SourceFormat.SGLANG;
    }

    @Override
    public Shape shape() {
        Set<Absent> absent = counts.stream().allMatch(tensor -> tensor.rank() == 2) ? Set.of(Absent.STEPS) : Set.of();
        return new Shape(Mode.STAT, IntStream.range(0, layers).toArray(), layers, experts, 0, true, absent);
    }

    @Override
    public void forEachStep(Visitor visitor) throws IOException {
        long id = 0;
        long[] step = new long[layers * experts];
        for (StridedTensor tensor : counts) {
            for (long i = 0; i < steps(tensor); i++) {
                Arrays.fill(step, 0);
                Counts.add(tensor, i * step.length, step);
                visitor.step(id++, Phase.MIXED, -1, step, (double) id / steps);
            }
        }
    }

    @Override
    public void close() {
        archives.close();
    }
}
