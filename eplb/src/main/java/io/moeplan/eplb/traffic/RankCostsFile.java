package io.moeplan.eplb.traffic;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Reads {@link RankCosts}: JSON, {@code [from][to]}, or CSV, a row for each {@code from}, its numbers between commas; empty
 * lines and lines that begin with {@code #} are passed over.
 */
public final class RankCostsFile {
    /** A matrix of a thousand ranks at a dozen characters a number. */
    private static final long LARGEST_BYTES = 16L << 20;
    private static final JsonMapper JSON = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final Pattern COMMA = Pattern.compile(",");

    private RankCostsFile() {}

    /**
     * Reads the costs between a deployment's ranks.
     *
     * @throws IOException if the file cannot be read, is larger than 16 MiB, or is no square matrix of costs; one line names
     *                     the file and the place in it
     */
    public static RankCosts read(Path file) throws IOException {
        String text = text(file);
        double[][] cost = text.stripLeading().startsWith("[") ? json(file, text) : csv(file, text);
        try {
            return new RankCosts(cost);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static String text(Path file) throws IOException {
        try {
            if (Files.size(file) > LARGEST_BYTES) {
                throw new IOException(file + ": is larger than " + (LARGEST_BYTES >> 20)
                        + " MiB, too large for a matrix of costs between ranks");
            }
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new IOException(file + ": there is no such file", e);
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": is not UTF-8 text, so no matrix of costs", e);
        }
    }

    private static double[][] json(Path file, String text) throws IOException {
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            // What is beyond the parser's limits, such as nesting, comes without a place.
            String place = e.getLocation() == null
                    ? ""
                    : ": line " + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr();
            throw new IOException(file + place + ": is not JSON", e);
        }
        double[][] cost = new double[root.size()][];
        for (int from = 0; from < cost.length; from++) {
            JsonNode row = root.get(from);
            if (!row.isArray()) {
                throw new IOException(file + ": $[" + from + "]: is not an array of numbers");
            }
            cost[from] = new double[row.size()];
            for (int to = 0; to < cost[from].length; to++) {
                if (!row.get(to).isNumber()) {
                    throw new IOException(file + ": $[" + from + "][" + to + "]: is not a number");
                }
                cost[from][to] = row.get(to).doubleValue();
            }
        }
        return cost;
    }

    private static double[][] csv(Path file, String text) throws IOException {
        List<double[]> rows = new ArrayList<>();
        List<String> lines = text.lines().toList();
        for (int line = 0; line < lines.size(); line++) {
            String stripped = lines.get(line).strip();
            if (!stripped.isEmpty() && !stripped.startsWith("#")) {
                rows.add(row(file, line + 1, COMMA.split(stripped, -1)));
            }
        }
        return rows.toArray(double[][]::new);
    }

    private static double[] row(Path file, int line, String[] fields) throws IOException {
        double[] row = new double[fields.length];
        for (int i = 0; i < fields.length; i++) {
            try {
                row[i] = Double.parseDouble(fields[i].strip());
            } catch (NumberFormatException e) {
                throw new IOException(file + ": line " + line + ", field " + (i + 1) + ": \"" + shortened(fields[i])
                        + "\" is not a number", e);
            }
        }
        return row;
    }

    private static String shortened(String field) {
        return field.length() > 40 ? field.substring(0, 40) + "..." : field;
    }
}
