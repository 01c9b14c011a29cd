package io.moeplan.cli;

import io.moeplan.recording.Manifest;
import io.moeplan.tensors.Checkpoint;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** What the weights of an expert weigh: said, or measured in a checkpoint. */
final class ExpertBytes {
    /** One tensor per expert or all experts of a layer in one; shared experts are called otherwise. */
    private static final Pattern EXPERT = Pattern.compile("(?:^|\\.)layers\\.(\\d{1,6})\\.(?:[\\w.]+\\.)?experts\\.");

    @ArgGroup
    private Source source = new Source();

    private static final class Source {
        @Option(names = "--expert-bytes", paramLabel = "SIZE", converter = MemorySize.class,
                description = "Weights of one expert in one layer, e.g. 12M, to say what replicas and moves take.")
        private Long size;

        @Option(names = "--model", paramLabel = "DIR", description = "The recorded model's folder, to measure that"
                + " in its checkpoint.")
        private Path model;
    }

    /**
     * Bytes of one expert in one layer, if that was asked for.
     *
     * @throws IOException if the checkpoint cannot be read, or does not have the experts that were recorded
     */
    OptionalLong of(Manifest recorded) throws IOException {
        if (source.model != null) {
            return OptionalLong.of(measure(source.model, recorded));
        }
        return source.size == null ? OptionalLong.empty() : OptionalLong.of(source.size);
    }

    private static long measure(Path model, Manifest recorded) throws IOException {
        long bytes = 0;
        Set<Integer> missing = new HashSet<>(recorded.layerIds());
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            for (String name : checkpoint.names()) {
                Matcher expert = EXPERT.matcher(name);
                if (!expert.find()) {
                    continue;
                }
                int layer = Integer.parseInt(expert.group(1));
                if (recorded.layerIds().contains(layer)) {
                    missing.remove(layer);
                    bytes += checkpoint.find(name).map(ExpertBytes::bytes).orElse(0L);
                }
            }
        }
        if (!missing.isEmpty()) {
            throw new IOException(model + ": has no experts in layer " + missing.stream().sorted().findFirst().get()
                    + ", where the recording has some: is it the recorded model?");
        }
        long experts = (long) recorded.layers() * recorded.numExperts();
        if (bytes % experts != 0) {
            throw new IOException(model + ": " + bytes + " bytes of experts do not divide into " + recorded.layers()
                    + " layers x " + recorded.numExperts() + " experts: is it the recorded model?");
        }
        return bytes / experts;
    }

    private static long bytes(Tensor tensor) {
        return tensor.data().byteSize();
    }
}
