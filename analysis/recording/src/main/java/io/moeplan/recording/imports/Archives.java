package io.moeplan.recording.imports;

import io.moeplan.tensors.StridedTensor;
import io.moeplan.tensors.torch.TorchArchive;
import io.moeplan.tensors.torch.Value;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The PyTorch archives of a dump, open together. */
final class Archives implements Closeable {
    private final List<TorchArchive> all = new ArrayList<>();

    private Archives() {}

    /** Opens a file, or all {@code .pt} files of a folder by their names. */
    @SuppressWarnings("MustBeClosedChecker") // close() closes all
    static Archives open(Path source) throws IOException {
        Archives archives = new Archives();
        try {
            for (Path file : files(source)) {
                archives.all.add(TorchArchive.open(file));
            }
            return archives;
        } catch (IOException | RuntimeException e) {
            archives.close();
            throw e;
        }
    }

    private static List<Path> files(Path source) throws IOException {
        if (!Files.isDirectory(source)) {
            return List.of(source);
        }
        try (Stream<Path> entries = Files.list(source)) {
            List<Path> files = entries.filter(file -> file.toString().endsWith(".pt")).sorted().toList();
            if (files.isEmpty()) {
                throw new IOException(source + ": holds no .pt files");
            }
            return files;
        }
    }

    List<TorchArchive> all() {
        return all;
    }

    /**
     * A tensor of whole numbers in a dict.
     *
     * @param where the dict's place in the file, for the message
     * @param rank  dimensions it must have
     */
    static StridedTensor tensor(Path file, Value.Dict dict, String where, String key, int rank) throws IOException {
        if (!(dict.get(key) instanceof Value.Tensor(StridedTensor tensor))) {
            Value found = dict.get(key);
            throw new IOException(file + ": " + where + "\"" + key + "\" is "
                    + (found == null ? "missing" : found.kind()) + ", expected a tensor");
        }
        if (tensor.rank() != rank || !tensor.isWhole()) {
            throw new IOException(file + ": " + where + "\"" + key + "\" is " + tensor + ", expected whole numbers in "
                    + rank + " dimensions");
        }
        return tensor;
    }

    @Override
    public void close() {
        all.forEach(TorchArchive::close);
    }
}
