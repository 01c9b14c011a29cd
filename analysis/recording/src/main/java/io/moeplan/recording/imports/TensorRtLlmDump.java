package io.moeplan.recording.imports;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moeplan.tensors.JsonProblem;
import io.moeplan.tensors.Printable;
import io.moeplan.tensors.SafetensorsFile;
import java.io.CharConversionException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A folder of TensorRT-LLM's expert statistics: {@code meta_info.json}; for each rank {@code rank<r>.safetensors} with counts,
 * {@code rank<r>_raw.safetensors} with the experts of each token, {@code rank<r>_numtokens.json}; all keyed by
 * {@code <iteration>_<layer>}.
 */
final class TensorRtLlmDump implements Closeable {
    static final String META = "meta_info.json";
    private static final long MOST_JSON = 64 << 20;
    private static final Pattern KEY = Pattern.compile("(\\d{1,18})_(\\d{1,5})");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final int experts;
    private final int topK;
    private final List<SafetensorsFile> ranks = new ArrayList<>();
    private final SortedMap<Long, SortedSet<Integer>> iterations = new TreeMap<>();
    private final SortedSet<Integer> layers = new TreeSet<>();

    private TensorRtLlmDump(Path folder) throws IOException {
        this.folder = folder;
        JsonNode meta = json(folder.resolve(META));
        this.experts = number(meta, "num_experts", 1 << 16);
        this.topK = number(meta, "num_experts_per_token", experts);
    }

    /** @param perToken whether the raw ids are wanted rather than the counts */
    static LoadSource open(Path folder, boolean perToken) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new IOException(folder + ": no folder; TensorRT-LLM's statistics are a folder with " + META);
        }
        List<Path> counts = files(folder, "rank\\d+\\.safetensors");
        List<Path> raw = files(folder, "rank\\d+_raw\\.safetensors");
        boolean takesRaw = perToken ? !raw.isEmpty() : counts.isEmpty();
        if (takesRaw && raw.isEmpty()) {
            throw new IOException(folder + ": holds no rank<r>.safetensors");
        }
        if (takesRaw && !counts.isEmpty() && raw.size() != counts.size()) {
            throw new IOException(folder + ": holds " + counts.size() + " rank<r>.safetensors, but " + raw.size()
                    + " rank<r>_raw.safetensors");
        }
        TensorRtLlmDump dump = new TensorRtLlmDump(folder);
        try {
            for (Path file : takesRaw ? raw : counts) {
                dump.add(SafetensorsFile.open(file));
            }
            if (dump.iterations.isEmpty()) {
                throw new IOException(folder + ": its files hold no tensors; was anything recorded?");
            }
            Counts.requirePossible(folder, dump.layers.size(), dump.experts);
            return takesRaw ? TensorRtLlmTokens.scan(dump) : new TensorRtLlmCounts(dump);
        } catch (IOException | RuntimeException e) {
            dump.close();
            throw e;
        }
    }

    /** Whether a folder is one. */
    static boolean isOne(Path folder) {
        return Files.isRegularFile(folder.resolve(META));
    }

    private static List<Path> files(Path folder, String pattern) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(file -> file.getFileName().toString().matches(pattern)).sorted().toList();
        }
    }

    private void add(SafetensorsFile file) throws IOException {
        ranks.add(file);
        for (String name : file.names()) {
            Matcher key = KEY.matcher(name);
            if (!key.matches() || Integer.parseInt(key.group(2)) >= 1 << 15) {
                throw new IOException(
                        file.path() + ": tensor \"" + Printable.of(name) + "\": expected names <iteration>_<layer>");
            }
            int layer = Integer.parseInt(key.group(2));
            iterations.computeIfAbsent(Long.parseLong(key.group(1)), iteration -> new TreeSet<>()).add(layer);
            layers.add(layer);
        }
    }

    private static JsonNode json(Path file) throws IOException {
        if (Files.size(file) > MOST_JSON) {
            throw new IOException(file + ": more than " + MOST_JSON + " bytes");
        }
        try {
            return JSON.readTree(file.toFile());
        } catch (CharConversionException e) {
            throw new IOException(file + ": no text in UTF-8", e);
        } catch (JsonProcessingException e) {
            throw new IOException(file + ": not JSON: " + JsonProblem.of(e), e);
        }
    }

    private int number(JsonNode meta, String key, int most) throws IOException {
        JsonNode value = meta.path(key);
        if (!value.isInt() || value.intValue() < 1 || value.intValue() > most) {
            throw new IOException(folder.resolve(META) + ": \"" + key + "\" is "
                    + (value.isMissingNode() ? "missing" : Printable.of(value.toString())) + ", expected 1 to " + most);
        }
        return value.intValue();
    }

    /** Tokens of each iteration, if every rank's file tells. */
    Map<Long, Long> tokens() throws IOException {
        Map<Long, Long> sums = new HashMap<>();
        for (SafetensorsFile rank : ranks) {
            String name = rank.path().getFileName().toString().replaceFirst("(_raw)?\\.safetensors$",
                    "_numtokens.json");
            Path file = folder.resolve(name);
            if (!Files.isRegularFile(file)) {
                return Map.of();
            }
            Map<Long, Long> largest = new HashMap<>();
            for (Map.Entry<String, JsonNode> entry : json(file).properties()) {
                Matcher key = KEY.matcher(entry.getKey());
                if (!key.matches() || !entry.getValue().isIntegralNumber() || entry.getValue().longValue() < 0
                        || entry.getValue().longValue() > Integer.MAX_VALUE) {
                    throw new IOException(file + ": \"" + Printable.of(entry.getKey()) + "\": "
                            + Printable.of(entry.getValue().toString())
                            + ": expected <iteration>_<layer> and a number of tokens");
                }
                largest.merge(Long.parseLong(key.group(1)), entry.getValue().longValue(), Math::max);
            }
            largest.forEach((iteration, tokens) -> sums.merge(iteration, tokens, Long::sum));
        }
        return sums;
    }

    /** @throws IOException if an iteration lacks a layer in all ranks */
    void requireWhole() throws IOException {
        for (Map.Entry<Long, SortedSet<Integer>> iteration : iterations.entrySet()) {
            SortedSet<Integer> missing = new TreeSet<>(layers);
            missing.removeAll(iteration.getValue());
            if (!missing.isEmpty()) {
                throw new IOException(folder + ": iteration " + iteration.getKey() + " lacks layer " + missing.first()
                        + " in all ranks: expected a tensor \"" + iteration.getKey() + "_" + missing.first() + "\"");
            }
        }
    }

    Path folder() {
        return folder;
    }

    int experts() {
        return experts;
    }

    int topK() {
        return topK;
    }

    List<SafetensorsFile> ranks() {
        return ranks;
    }

    long[] iterations() {
        return iterations.keySet().stream().mapToLong(id -> id).toArray();
    }

    int[] layers() {
        return layers.stream().mapToInt(id -> id).toArray();
    }

    /** Layers are numbered as in the model, so the last one tells how many there are at least. */
    int hiddenLayers() {
        return Arrays.stream(layers()).max().orElse(0) + 1;
    }

    @Override
    public void close() {
        ranks.forEach(SafetensorsFile::close);
    }
}
