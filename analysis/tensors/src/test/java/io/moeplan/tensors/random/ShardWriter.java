package io.moeplan.tensors.random;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/** Writes tensors into safetensors shards and their index. */
final class ShardWriter {
    private static final int BUFFER = 8 << 20;

    private ShardWriter() {}

    /** Returns the bytes of all tensors. */
    static long write(Path directory, List<Spec> specs, long shardBytes, long seed) throws IOException {
        Files.createDirectories(directory);
        List<List<Spec>> shards = split(specs, shardBytes);
        Pools pools = new Pools(seed);
        List<String> index = new ArrayList<>();
        for (int i = 0; i < shards.size(); i++) {
            String name = shards.size() == 1
                    ? "model.safetensors"
                    : "model-%05d-of-%05d.safetensors".formatted(i + 1, shards.size());
            writeShard(directory.resolve(name), shards.get(i), pools, seed);
            shards.get(i).forEach(spec -> index.add("\"" + spec.name() + "\":\"" + name + "\""));
        }
        long total = specs.stream().mapToLong(Spec::bytes).sum();
        if (shards.size() > 1) {
            Files.writeString(directory.resolve("model.safetensors.index.json"),
                    "{\"metadata\":{\"total_size\":" + total
                            + "},\"weight_map\":{" + String.join(",\n", index) + "}}\n");
        }
        return total;
    }

    private static List<List<Spec>> split(List<Spec> specs, long shardBytes) {
        List<List<Spec>> shards = new ArrayList<>();
        long left = 0;
        for (Spec spec : specs) {
            if (shards.isEmpty() || spec.bytes() > left) {
                shards.add(new ArrayList<>());
                left = shardBytes;
            }
            shards.getLast().add(spec);
            left -= spec.bytes();
        }
        return shards;
    }

    private static void writeShard(Path file, List<Spec> specs, Pools pools, long seed) throws IOException {
        byte[] header = header(specs);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
            write(channel, ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).flip());
            write(channel, ByteBuffer.wrap(header));
            for (Spec spec : specs) {
                Random random = new Random(seed * 1_000_003 + spec.name().hashCode());
                long left = spec.bytes();
                while (left > 0) {
                    long room = Math.min(left, buffer.remaining());
                    int limit = buffer.limit();
                    pools.fill(spec, random, buffer.limit(buffer.position() + (int) room));
                    buffer.limit(limit);
                    left -= room;
                    if (!buffer.hasRemaining()) {
                        write(channel, buffer.flip());
                        buffer.clear();
                    }
                }
            }
            write(channel, buffer.flip());
        }
    }

    private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static byte[] header(List<Spec> specs) {
        long at = 0;
        List<String> entries = new ArrayList<>();
        for (Spec spec : specs) {
            String shape = Arrays.stream(spec.shape()).mapToObj(Long::toString).collect(Collectors.joining(","));
            entries.add("\"" + spec.name() + "\":{\"dtype\":\"" + spec.type() + "\",\"shape\":[" + shape
                    + "],\"data_offsets\":[" + at + "," + (at + spec.bytes()) + "]}");
            at += spec.bytes();
        }
        String json = "{\"__metadata__\":{\"format\":\"pt\"}," + String.join(",", entries) + "}";
        // padded to eight bytes, as the reference writer does
        return (json + " ".repeat(-json.length() & 7)).getBytes(StandardCharsets.UTF_8);
    }
}
