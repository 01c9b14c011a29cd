package io.moeplan.recording.imports;

import io.moeplan.eplb.Phase;
import io.moeplan.recording.Mode;
import io.moeplan.tensors.SafetensorsFile;
import io.moeplan.tensors.StridedTensor;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Counts [experts] of every rank, iteration and layer; ranks are added. */
final class TensorRtLlmCounts implements StepSource {
    private final TensorRtLlmDump dump;
    private final Map<Long, Long> tokens;

    TensorRtLlmCounts(TensorRtLlmDump dump) throws IOException {
        this.dump = dump;
        this.tokens = dump.tokens();
        dump.requireWhole();
    }

    @Override
    public String name() {
        return SourceNames.of(dump.folder());
    }

    @Override
    public SourceFormat format() {
        return SourceFormat.TENSORRT_LLM;
    }

    @Override
    public Shape shape() {
        return new Shape(Mode.PER_PASS, dump.layers(), dump.hiddenLayers(), dump.experts(), dump.topK(), false,
                Set.of());
    }

    @Override
    public void forEachStep(Visitor visitor) throws IOException {
        long[] iterations = dump.iterations();
        int[] layers = dump.layers();
        long[] step = new long[layers.length * dump.experts()];
        for (int i = 0; i < iterations.length; i++) {
            for (int l = 0; l < layers.length; l++) {
                long[] sum = new long[dump.experts()];
                for (SafetensorsFile rank : dump.ranks()) {
                    add(rank, iterations[i] + "_" + layers[l], sum);
                }
                System.arraycopy(sum, 0, step, l * sum.length, sum.length);
            }
            visitor.step(iterations[i], Phase.MIXED, tokens.getOrDefault(iterations[i], -1L), step,
                    (i + 1.0) / iterations.length);
        }
    }

    private void add(SafetensorsFile rank, String key, long[] sum) throws IOException {
        Optional<Tensor> found = rank.find(key);
        if (found.isEmpty()) {
            return;
        }
        StridedTensor counts = StridedTensor.of(found.get());
        if (!counts.isWhole() || !Arrays.equals(counts.shape(), new long[]{sum.length})) {
            throw new IOException(rank.path() + ": tensor \"" + key + "\" is " + counts + ", expected whole numbers ["
                    + sum.length + "]");
        }
        Counts.add(counts, 0, sum);
    }

    @Override
    public void close() {
        dump.close();
    }
}
