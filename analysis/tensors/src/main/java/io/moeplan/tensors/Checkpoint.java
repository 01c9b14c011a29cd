package io.moeplan.tensors;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The tensors of a model directory, from one {@code model.safetensors} or from the shards that
 * {@code model.safetensors.index.json} names. Closing it unmaps every tensor taken from it.
 */
public final class Checkpoint implements AutoCloseable {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private final Path directory;
    private final List<SafetensorsFile> files;
    private final Map<String, SafetensorsFile> byTensor;

    private Checkpoint(Path directory, List<SafetensorsFile> files, Map<String, SafetensorsFile> byTensor) {
        this.directory = directory;
        this.files = files;
        this.byTensor = byTensor;
    }

    /**
     * Maps every file of the checkpoint and checks all headers; no tensor data is read.
     *
     * @throws IOException if the directory or a file is missing, or a header or the index is not to be trusted
     */
    public static Checkpoint open(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new CheckpointException(directory, "no such directory");
        }
        Path single = directory.resolve(SINGLE);
        if (Files.isRegularFile(single)) {
            SafetensorsFile file = SafetensorsFile.open(single);
            Map<String, SafetensorsFile> byTensor = new HashMap<>();
            file.names().forEach(name -> byTensor.put(name, file));
            return new Checkpoint(directory, List.of(file), byTensor);
        }
        Path index = directory.resolve(INDEX);
        if (Files.isRegularFile(index)) {
            return openShards(directory, index);
        }
        throw new CheckpointException(directory, "holds neither " + SINGLE + " nor " + INDEX);
    }

    private static Checkpoint openShards(Path directory, Path index) throws IOException {
        Map<String, String> shardOf = ShardIndex.read(index);
        Map<String, SafetensorsFile> shards = new HashMap<>();
        Map<String, SafetensorsFile> byTensor = new HashMap<>();
        try {
            for (Map.Entry<String, String> entry : shardOf.entrySet()) {
                SafetensorsFile shard = shards.get(entry.getValue());
                if (shard == null) {
                    shard = openShard(directory, index, entry.getValue());
                    shards.put(entry.getValue(), shard);
                }
                if (!shard.names().contains(entry.getKey())) {
                    throw new CheckpointException(index, "says that " + entry.getValue() + " holds " + entry.getKey()
                            + ", but it does not");
                }
                byTensor.put(entry.getKey(), shard);
            }
        } catch (IOException | RuntimeException e) {
            shards.values().forEach(SafetensorsFile::close);
            throw e;
        }
        return new Checkpoint(directory, new ArrayList<>(shards.values()), byTensor);
    }

    private static SafetensorsFile openShard(Path directory, Path index, String name) throws IOException {
        Path shard = directory.resolve(name);
        if (!Files.isRegularFile(shard)) {
            throw new CheckpointException(shard, "missing, though " + index.getFileName() + " names it");
        }
        return SafetensorsFile.open(shard);
    }

    public Path directory() {
        return directory;
    }

    /** All tensor names, in no particular order. */
    public Set<String> names() {
        return Set.copyOf(byTensor.keySet());
    }

    /** Bytes of tensor data in all files. */
    public long bytes() {
        return files.stream().mapToLong(SafetensorsFile::bytes).sum();
    }

    /**
     * SHA-256, hexadecimal, of every file's header and of 64 pieces of 4 KiB of its data: tells checkpoints apart without
     * reading them. A change to a small part of a large file can escape it; another training run, quantisation or merge
     * cannot.
     */
    public String fingerprint() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            files.stream().sorted(Comparator.comparing(file -> file.path().getFileName()))
                    .forEach(file -> file.digestSample(digest));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    public Optional<Tensor> find(String name) {
        return Optional.ofNullable(byTensor.get(name)).flatMap(file -> file.find(name));
    }

    /**
     * The tensor of that name.
     *
     * @throws CheckpointException if the checkpoint has none
     */
    public Tensor get(String name) throws CheckpointException {
        Optional<Tensor> tensor = find(name);
        if (tensor.isEmpty()) {
            throw new CheckpointException(directory, "the checkpoint has no tensor " + name);
        }
        return tensor.get();
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
