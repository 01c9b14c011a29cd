package io.moeplan.recording.imports;

import io.moeplan.eplb.Phase;
import io.moeplan.recording.Absent;
import io.moeplan.recording.Mode;
import io.moeplan.tensors.StridedTensor;
import io.moeplan.tensors.gguf.GgufFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * llama.cpp's importance matrix: {@code blk.N.ffn_{gate,up,down}_exps.weight.counts}, totals of each expert. The three agree;
 * the first there is counts.
 */
final class Imatrix implements StepSource {
    private static final Pattern COUNTS = Pattern
            .compile("blk\\.(\\d{1,5})\\.ffn_(?:gate|up|down|gate_up)_exps\\.weight\\.counts");

    private final Path path;
    private final GgufFile file;
    private final List<Integer> layers = new ArrayList<>();
    private final int experts;
    private final long[] counts;

    private Imatrix(Path path, GgufFile file) throws IOException {
        this.path = path;
        this.file = file;
        SortedMap<Integer, StridedTensor> found = tensors(file);
        if (found.isEmpty()) {
            throw new IOException(path + ": holds no expert counts: expected tensors"
                    + " blk.N.ffn_gate_exps.weight.counts, which llama-imatrix writes for MoE models");
        }
        StridedTensor first = found.firstEntry().getValue();
        Counts.requirePossible(first, found.size(), first.elements());
        this.experts = (int) first.elements();
        this.counts = new long[found.size() * experts];
        found.forEach((layer, tensor) -> layers.add(layer));
        for (int i = 0; i < layers.size(); i++) {
            read(found.get(layers.get(i)), i * experts);
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // the source that is returned closes the file
    static Imatrix open(Path path) throws IOException {
        GgufFile file = GgufFile.open(path);
        try {
            return new Imatrix(path, file);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Whether a GGUF file is one with experts. */
    static boolean isOne(GgufFile file) {
        return !tensors(file).isEmpty();
    }

    private static SortedMap<Integer, StridedTensor> tensors(GgufFile file) {
        SortedMap<Integer, StridedTensor> found = new TreeMap<>();
        for (String name : file.types().keySet()) {
            Matcher matcher = COUNTS.matcher(name);
            if (matcher.matches() && Integer.parseInt(matcher.group(1)) < 1 << 15) {
                file.find(name).ifPresent(tensor -> found.putIfAbsent(Integer.valueOf(matcher.group(1)), tensor));
            }
        }
        return found;
    }

    private void read(StridedTensor tensor, int at) throws IOException {
        if (tensor.elements() != experts) {
            throw new IOException(path + ": tensor " + tensor.name() + " is " + tensor + ", expected " + experts
                    + " experts as in the first layer");
        }
        double[] values = new double[experts];
        tensor.doubles(0, values, 0, experts);
        for (int e = 0; e < experts; e++) {
            if (!(values[e] >= 0 && values[e] < 0x1p53)) {
                throw new IOException(path + ": tensor " + tensor.name() + " holds " + values[e] + ", expected counts");
            }
            counts[at + e] = Math.round(values[e]);
        }
    }

    @Override
    public String name() {
        return SourceNames.of(path);
    }

    @Override
    public SourceFormat format() {
        return SourceFormat.LLAMA_IMATRIX;
    }

    /** Tokens that the file says it saw, -1 if it does not. */
    private long tokens() {
        return file.metadata().get("imatrix.chunk_count") instanceof Long chunks
                && file.metadata().get("imatrix.chunk_size") instanceof Long size && chunks > 0 && size > 0
                && chunks <= Integer.MAX_VALUE && size <= Integer.MAX_VALUE
                        ? chunks * size
                        : -1;
    }

    /** Counts of a layer over tokens, if that is the same whole number in all layers; else 0. */
    private int topK() {
        long tokens = tokens();
        long topK = 0;
        for (int layer = 0; tokens > 0 && layer < layers.size(); layer++) {
            long sum = 0;
            for (int e = 0; e < experts; e++) {
                sum += counts[layer * experts + e];
            }
            if (sum % tokens != 0 || sum / tokens > experts || (layer > 0 && sum / tokens != topK)) {
                return 0;
            }
            topK = sum / tokens;
        }
        return (int) topK;
    }

    @Override
    public Shape shape() {
        int[] numbers = layers.stream().mapToInt(id -> id).toArray();
        return new Shape(Mode.STAT, numbers, 0, experts, topK(), false, Set.of(Absent.STEPS));
    }

    @Override
    public void forEachStep(Visitor visitor) throws IOException {
        visitor.step(0, Phase.MIXED, topK() > 0 ? tokens() : -1, counts.clone(), 1);
    }

    @Override
    public void close() {
        file.close();
    }
}
