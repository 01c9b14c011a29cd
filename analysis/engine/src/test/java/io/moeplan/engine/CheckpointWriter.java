package io.moeplan.engine;

import io.moeplan.tensors.SafetensorsFile;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Takes checkpoints apart and writes changed ones, all tensors in memory. */
public final class CheckpointWriter {
    private record Entry(String type, long[] shape, byte[] bytes) {}

    private final Map<String, Entry> tensors = new LinkedHashMap<>();

    /** All tensors of a file. */
    public static CheckpointWriter of(Path file) throws IOException {
        CheckpointWriter writer = new CheckpointWriter();
        try (SafetensorsFile source = SafetensorsFile.open(file)) {
            for (String name : source.names()) {
                Tensor tensor = source.find(name).orElseThrow();
                writer.tensors.put(name, new Entry(tensor.type().name(), tensor.shape(),
                        tensor.data().toArray(ValueLayout.JAVA_BYTE)));
            }
        }
        return writer;
    }

    public CheckpointWriter put(String name, float[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        tensors.put(name, new Entry("F32", shape, bytes.array()));
        return this;
    }

    /** The same bytes under another type of the same size. */
    public CheckpointWriter retype(String name, String type) {
        tensors.computeIfPresent(name, (n, entry) -> new Entry(type, entry.shape(), entry.bytes()));
        return this;
    }

    /** The same bytes in another shape of the same size. */
    public CheckpointWriter reshape(String name, long... shape) {
        tensors.computeIfPresent(name, (n, entry) -> new Entry(entry.type(), shape, entry.bytes()));
        return this;
    }

    /** Only the first {@code count} of the leading dimension. */
    public CheckpointWriter first(String name, int count) {
        tensors.computeIfPresent(name, (n, entry) -> {
            long[] shape = entry.shape().clone();
            int bytes = (int) (entry.bytes().length / shape[0] * count);
            shape[0] = count;
            return new Entry(entry.type(), shape, Arrays.copyOf(entry.bytes(), bytes));
        });
        return this;
    }

    public Set<String> names() {
        return tensors.keySet();
    }

    public CheckpointWriter rename(UnaryOperator<String> newName) {
        Map<String, Entry> old = new LinkedHashMap<>(tensors);
        tensors.clear();
        old.forEach((name, entry) -> tensors.put(newName.apply(name), entry));
        return this;
    }

    public CheckpointWriter remove(String name) {
        tensors.remove(name);
        return this;
    }

    public void write(Path file) throws IOException {
        writeSome(file, 0, 1);
    }

    /** Writes every tensor to one of so many shards, by turns, with an index beside them. */
    public void writeShards(Path directory, int shards) throws IOException {
        StringBuilder map = new StringBuilder();
        for (int shard = 0; shard < shards; shard++) {
            writeSome(directory.resolve("shard-" + shard + ".safetensors"), shard, shards);
        }
        int number = 0;
        for (String name : tensors.keySet()) {
            map.append(number == 0 ? "" : ",").append("\"" + name + "\":\"shard-" + number % shards + ".safetensors\"");
            number++;
        }
        Files.writeString(directory.resolve("model.safetensors.index.json"), "{\"weight_map\":{" + map + "}}");
    }

    private void writeSome(Path file, int turn, int turns) throws IOException {
        StringBuilder header = new StringBuilder();
        ByteBuffer data = ByteBuffer.allocate(tensors.values().stream().mapToInt(entry -> entry.bytes().length).sum());
        int number = 0;
        for (Map.Entry<String, Entry> tensor : tensors.entrySet()) {
            if (number++ % turns == turn) {
                Entry entry = tensor.getValue();
                String shape = Arrays.stream(entry.shape()).mapToObj(Long::toString).collect(Collectors.joining(","));
                header.append(header.isEmpty() ? "" : ",")
                        .append("\"" + tensor.getKey() + "\":{\"dtype\":\"" + entry.type()
                                + "\",\"shape\":[" + shape + "],\"data_offsets\":[" + data.position() + ","
                                + (data.position() + entry.bytes().length) + "]}");
                data.put(entry.bytes());
            }
        }
        byte[] json = ("{" + header + "}").getBytes(StandardCharsets.UTF_8);
        ByteBuffer all = ByteBuffer.allocate(8 + json.length + data.position()).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(file, all.putLong(json.length).put(json).put(data.flip()).array());
    }
}
