package io.moeplan.engine.model;

import io.moeplan.tensors.Checkpoint;
import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.WeightSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a checkpoint stores a model, from its headers alone.
 *
 * @param layerBytes {@code [layers]}, scales included
 * @param otherBytes of the embedding, the final norm and the head
 * @param passBytes  of what a recording reads: every layer up to the last router
 * @param formats    by bytes, descending
 * @param ignored    what the engine does not need, by bytes, descending
 * @param files      in the order of the layers
 */
public record StoredWeights(long[] layerBytes, long otherBytes, long passBytes, List<Part> formats, List<Part> ignored,
        List<Path> files) {
    private static final Pattern LAYER = Pattern.compile("(?:^|\\.)layers\\.(\\d{1,6})\\.");
    private static final Pattern MTP = Pattern.compile("(?:^|\\.)(?:mtp|nextn|eh_proj|enorm|hnorm)(?:\\.|_|$)");
    private static final Pattern VISION = Pattern.compile("vision|visual|projector|image|audio|patch_embed");
    private static final Pattern SCALE = Pattern.compile("(?:input|activation|k|v)_scale$|rotary_emb|inv_freq");

    /**
     * Some tensors.
     *
     * @param what the format they are in, or what they are for
     */
    public record Part(String what, int tensors, long bytes) {}

    /** Bytes of all tensors that the model needs. */
    public long bytes() {
        long sum = otherBytes;
        for (long layer : layerBytes) {
            sum += layer;
        }
        return sum;
    }

    /**
     * Finds every tensor of the architecture in the checkpoint.
     *
     * @throws IOException if one is missing or has another shape or dtype
     */
    public static StoredWeights read(Checkpoint checkpoint, ConfigReader config, Architecture architecture)
            throws IOException {
        NamedWeights tensors = new NamedWeights(new WeightSource(checkpoint, Quantisation.read(config)));
        WeightBinder binder = new WeightBinder(architecture, tensors);
        Tally tally = new Tally();
        long[] layerBytes = new long[architecture.layers().size()];
        int[] routing = architecture.moeLayers();
        int lastRouter = routing[routing.length - 1];
        long pass = 0;
        for (int layer = 0; layer < layerBytes.length; layer++) {
            LayerWeights weights = binder.layer(layer);
            layerBytes[layer] = tally.add(tensors.taken());
            if (layer < lastRouter) {
                pass += layerBytes[layer];
            } else if (layer == lastRouter) {
                pass += layerBytes[layer] - blockBytes(weights.feedForward());
            }
        }
        binder.embedding();
        binder.norm(WeightNames.FINAL_NORM);
        binder.head();
        binder.headBias();
        long other = tally.add(tensors.taken());
        return new StoredWeights(layerBytes, other, pass, parts(tally.formats),
                ignored(checkpoint, tally.names, layerBytes.length), List.copyOf(tally.files));
    }

    private static long blockBytes(LayerWeights.FeedForward block) {
        return switch (block) {
            case LayerWeights.FeedForward.Dense dense -> dense.mlp().bytes();
            case LayerWeights.FeedForward.Sparse sparse ->
                sparse.experts().stream().mapToLong(LayerWeights.Mlp::bytes).sum()
                        + sparse.shared().map(LayerWeights.Mlp::bytes).orElse(0L);
        };
    }

    /** What was found so far. */
    private static final class Tally {
        private final Set<String> names = new HashSet<>();
        private final Set<Path> files = new LinkedHashSet<>();
        private final Map<String, Part> formats = new LinkedHashMap<>();

        /** Bytes of the tensors; scales count to the format before them. */
        long add(List<NamedWeights.Bound> bound) {
            long sum = 0;
            String format = "";
            for (NamedWeights.Bound one : bound) {
                if (!names.add(one.tensor().name())) {
                    continue;
                }
                boolean scale = one.format().isEmpty();
                format = scale ? format : one.format();
                long bytes = one.tensor().data().byteSize();
                formats.merge(format, new Part(format, scale ? 0 : 1, bytes), StoredWeights::sum);
                files.add(one.tensor().file());
                sum += bytes;
            }
            return sum;
        }
    }

    private static List<Part> ignored(Checkpoint checkpoint, Set<String> needed, int layers) {
        Map<String, Part> parts = new TreeMap<>();
        for (String name : checkpoint.names()) {
            if (!needed.contains(name)) {
                String what = purpose(name, layers);
                long bytes = checkpoint.find(name).map(Tensor::data).orElseThrow().byteSize();
                parts.merge(what, new Part(what, 1, bytes), StoredWeights::sum);
            }
        }
        return parts(parts);
    }

    private static String purpose(String name, int layers) {
        if (VISION.matcher(name).find()) {
            return "vision or audio";
        }
        Matcher layer = LAYER.matcher(name);
        boolean beyond = layer.find() && Integer.parseInt(layer.group(1)) >= layers;
        if (beyond || MTP.matcher(name).find()) {
            return "multi-token prediction";
        }
        return SCALE.matcher(name).find() ? "scales of activations, and tables" : "unknown to this family";
    }

    private static Part sum(Part a, Part b) {
        return new Part(a.what(), a.tensors() + b.tensors(), a.bytes() + b.bytes());
    }

    private static List<Part> parts(Map<String, Part> byName) {
        List<Part> parts = new ArrayList<>(byName.values());
        parts.sort((a, b) -> Long.compare(b.bytes(), a.bytes()));
        return List.copyOf(parts);
    }
}
