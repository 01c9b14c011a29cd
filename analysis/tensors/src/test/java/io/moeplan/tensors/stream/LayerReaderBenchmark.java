package io.moeplan.tensors.stream;

import io.moeplan.tensors.Checkpoint;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Run by hand: reads all layers of a checkpoint once. Arguments: directory, layers in memory. */
final class LayerReaderBenchmark {
    private LayerReaderBenchmark() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        try (Checkpoint checkpoint = Checkpoint.open(Path.of(arguments[0]))) {
            List<List<Tensor>> layers = layers(checkpoint);
            long memory = Integer.parseInt(arguments[1]) * LayerReader.leastBytes(layers);
            long start = System.nanoTime();
            try (LayerReader reader = LayerReader.start(layers, 1, memory)) {
                for (int i = 0; i < layers.size(); i++) {
                    reader.next().close();
                }
                double seconds = (System.nanoTime() - start) / 1e9;
                System.out.printf("%d layers, %.2f GB, %.2f GB of memory: %.2f s, %.2f GB/s; %.2f s of it reading%n",
                        layers.size(), reader.readBytes() / 1e9, memory / 1e9, seconds,
                        reader.readBytes() / 1e9 / seconds, reader.readSeconds());
            }
        }
    }

    private static List<List<Tensor>> layers(Checkpoint checkpoint) throws IOException {
        Pattern pattern = Pattern.compile("model\\.layers\\.(\\d+)\\..*");
        Map<Integer, List<Tensor>> layers = new TreeMap<>();
        for (String name : checkpoint.names()) {
            Matcher matcher = pattern.matcher(name);
            if (matcher.matches()) {
                layers.computeIfAbsent(Integer.parseInt(matcher.group(1)), layer -> new ArrayList<>())
                        .add(checkpoint.get(name));
            }
        }
        return List.copyOf(layers.values());
    }
}
