package io.moeplan.recording.imports;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.moeplan.tensors.JsonProblem;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Counts as JSON, {@code [layers][experts]} or {@code [steps][layers][experts]}, alone or as {@code logical_count} of an object,
 * where SGLang has all decoder layers.
 */
final class CountJson {
    private final Path path;
    private final JsonParser json;

    private CountJson(Path path, JsonParser json) {
        this.path = path;
        this.json = json;
    }

    static CountMatrix.Matrix read(Path path) throws IOException {
        SmallFile.require(path);
        try (JsonParser json = new JsonFactory().createParser(path.toFile())) {
            return new CountJson(path, json).matrix();
        } catch (CharConversionException e) {
            throw new IOException(path + ": no text in UTF-8", e);
        } catch (JsonProcessingException e) {
            throw new IOException(JsonProblem.in(path, e), e);
        }
    }

    /** Whether a file is a JSON object with counts. */
    static boolean isOne(Path path) throws IOException {
        try (JsonParser json = new JsonFactory().createParser(path.toFile())) {
            return json.nextToken() == JsonToken.START_OBJECT && toCounts(json);
        } catch (CharConversionException | JsonProcessingException e) {
            return false;
        }
    }

    /** Goes to the value of {@code logical_count}; false if there is none. */
    private static boolean toCounts(JsonParser json) throws IOException {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            boolean found = json.currentName().equals("logical_count");
            json.nextToken();
            if (found) {
                return true;
            }
            json.skipChildren();
        }
        return false;
    }

    private CountMatrix.Matrix matrix() throws IOException {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            CountMatrix.Matrix alone = array();
            if (json.nextToken() != null) {
                throw fault("nothing after the counts");
            }
            return alone;
        }
        if (!toCounts(json)) {
            throw fault("\"logical_count\"");
        }
        return array().ofDecoder();
    }

    private CountMatrix.Matrix array() throws IOException {
        expect(json.currentToken(), JsonToken.START_ARRAY, "an array of layers, or of steps");
        expect(json.nextToken(), JsonToken.START_ARRAY, "an array of experts, or of layers");
        List<double[][]> steps = new ArrayList<>();
        boolean hasSteps = json.nextToken() == JsonToken.START_ARRAY;
        if (hasSteps) {
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
        return matrix(steps, hasSteps);
    }

    private CountMatrix.Matrix matrix(List<double[][]> steps, boolean hasSteps) throws IOException {
        int layers = steps.getFirst().length;
        int experts = steps.getFirst()[0].length;
        Counts.requirePossible(path, layers, experts);
        for (int s = 0; s < steps.size(); s++) {
            boolean same = steps.get(s).length == layers;
            for (double[] row : steps.get(s)) {
                same &= row.length == experts;
            }
            if (!same) {
                throw new IOException(path + ": step " + s + " has other layers or experts than the first: expected "
                        + layers + " x " + experts);
            }
        }
        return new CountMatrix.Matrix(steps.size(), layers, experts, hasSteps, null, (step, into) -> {
            for (int layer = 0; layer < layers; layer++) {
                System.arraycopy(steps.get(step)[layer], 0, into, layer * experts, experts);
            }
        });
    }

    /** The layers of a step, the first of which was read; up to its closing bracket. */
    private double[][] layers(double[] first) throws IOException {
        List<double[]> rows = new ArrayList<>(List.of(first));
        while (json.nextToken() == JsonToken.START_ARRAY) {
            json.nextToken();
            rows.add(experts());
        }
        expect(json.currentToken(), JsonToken.END_ARRAY, "an array of experts");
        return rows.toArray(double[][]::new);
    }

    /** The counts of a layer, the parser being on the first; up to its closing bracket. */
    private double[] experts() throws IOException {
        DoubleStream.Builder counts = DoubleStream.builder();
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
            counts.add(count);
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
        return new IOException(path + ": line " + json.currentLocation().getLineNr() + ", column "
                + json.currentLocation().getColumnNr() + ": expected " + wanted + "; counts are [layers][experts] or"
                + " [steps][layers][experts]");
    }
}
