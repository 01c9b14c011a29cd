package io.moeplan.recording;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Plain expert counts, JSON {@code [layers][experts]} (one step) or {@code [steps][layers][experts]}: what scripts around
 * the EPLB reference keep. Layers are numbered from 0; the source knows neither tokens nor requests.
 */
public final class CountMatrix {
    private final Path file;
    private final JsonParser json;

    private CountMatrix(Path file, JsonParser json) {
        this.file = file;
        this.json = json;
    }

    /**
     * Reads the counts.
     *
     * @param topK experts per token: tokens of a step are the largest layer's counts over it
     * @throws IOException if the file is no such JSON, naming the place
     */
    public static LoadTrace read(Path file, int topK) throws IOException {
        if (topK < 1) {
            throw new IllegalArgumentException("experts per token must be at least 1, not " + topK);
        }
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + ": no such file");
        }
        try (JsonParser json = new JsonFactory().createParser(file.toFile())) {
            return new CountMatrix(file, json).trace(topK);
        } catch (JsonProcessingException e) {
            throw new IOException(file + ": not valid JSON at line " + e.getLocation().getLineNr() + ": "
                    + e.getOriginalMessage(), e);
        }
    }

    private LoadTrace trace(int topK) throws IOException {
        expect(json.nextToken(), JsonToken.START_ARRAY, "an array of layers, or of steps");
        expect(json.nextToken(), JsonToken.START_ARRAY, "an array of experts, or of layers");
        List<int[][]> steps = new ArrayList<>();
        if (json.nextToken() == JsonToken.START_ARRAY) {
            json.nextToken();
            steps.add(layers(experts()));
            while (json.nextToken() == JsonToken.START_ARRAY) {
                expect(json.nextToken(), JsonToken.START_ARRAY, "an array of experts");
                json.nextToken();
                steps.add(layers(experts()));
            }
        } else {
            steps.add(layers(experts()));
        }
        expect(json.currentToken(), JsonToken.END_ARRAY, "the end of the counts");
        if (json.nextToken() != null) {
            throw fault("nothing after the counts");
        }
        return trace(steps, topK);
    }

    private LoadTrace trace(List<int[][]> steps, int topK) throws IOException {
        int layers = steps.getFirst().length;
        int experts = steps.getFirst()[0].length;
        List<LoadTrace.Step> made = new ArrayList<>();
        for (int s = 0; s < steps.size(); s++) {
            int[][] counts = steps.get(s);
            if (counts.length != layers || Arrays.stream(counts).anyMatch(row -> row.length != experts)) {
                throw new IOException(file + ": step " + s + " has other layers or experts than the first: expected "
                        + layers + " x " + experts);
            }
            long largest = Arrays.stream(counts).mapToLong(row -> Arrays.stream(row).asLongStream().sum()).max()
                    .orElse(0);
            int tokens = Math.toIntExact(Math.min(Integer.MAX_VALUE, Math.ceilDiv(largest, topK)));
            int[] flat = Arrays.stream(counts).flatMapToInt(Arrays::stream).toArray();
            made.add(new LoadTrace.Step(s, Phase.MIXED, tokens, flat));
        }
        return new LoadTrace(IntStream.range(0, layers).toArray(), experts, made);
    }

    /** The layers of a step, the first of which was read; up to its closing bracket. */
    private int[][] layers(int[] first) throws IOException {
        List<int[]> rows = new ArrayList<>(List.of(first));
        while (json.nextToken() == JsonToken.START_ARRAY) {
            json.nextToken();
            rows.add(experts());
        }
        expect(json.currentToken(), JsonToken.END_ARRAY, "an array of experts");
        return rows.toArray(int[][]::new);
    }

    /** The counts of a layer, the parser being on the first; up to its closing bracket. */
    private int[] experts() throws IOException {
        IntStream.Builder counts = IntStream.builder();
        int length = 0;
        for (; json.currentToken() != JsonToken.END_ARRAY; json.nextToken()) {
            boolean number = json.currentToken() == JsonToken.VALUE_NUMBER_INT
                    || json.currentToken() == JsonToken.VALUE_NUMBER_FLOAT;
            if (!number) {
                throw fault("a count");
            }
            double count = json.getDoubleValue();
            if (!(count >= 0 && count <= Integer.MAX_VALUE)) {
                throw fault("a count from 0 to " + Integer.MAX_VALUE);
            }
            counts.add((int) Math.rint(count));
            length++;
        }
        if (length == 0) {
            throw fault("at least one expert");
        }
        return counts.build().toArray();
    }

    private void expect(JsonToken found, JsonToken wanted, String what) throws IOException {
        if (found != wanted) {
            throw fault(what);
        }
    }

    private IOException fault(String wanted) throws IOException {
        return new IOException(file + ": line " + json.currentLocation().getLineNr() + ", column "
                + json.currentLocation().getColumnNr() + ": expected " + wanted + "; counts are [layers][experts] or"
                + " [steps][layers][experts]");
    }
}
