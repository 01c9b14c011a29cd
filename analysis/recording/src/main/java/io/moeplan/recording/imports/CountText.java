package io.moeplan.recording.imports;

import io.moeplan.tensors.Printable;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Counts as text, a layer a line: numbers separated by commas, semicolons or white space. Blank lines and comments
 * ({@code #}) separate steps. A first line without numbers is a heading; if it begins with "layer", so is the first column.
 */
final class CountText {
    private static final Pattern SEPARATOR = Pattern.compile("[,;\\s]+");
    private static final int LONGEST_NUMBER = 64;

    private final Path path;
    private final List<List<double[]>> steps = new ArrayList<>();
    private final List<Integer> numbers = new ArrayList<>();
    private boolean numbered;
    private boolean begun;
    private List<double[]> open = new ArrayList<>();

    private CountText(Path path) {
        this.path = path;
    }

    static CountMatrix.Matrix read(Path path) throws IOException {
        SmallFile.require(path);
        CountText text = new CountText(path);
        try (BufferedReader reader = Files.newBufferedReader(path)) {
            int number = 1;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                text.line(number++, line.replace("\ufeff", "").strip());
            }
        } catch (MalformedInputException e) {
            throw new IOException(path + ": no text in UTF-8", e);
        }
        text.endStep();
        return text.matrix();
    }

    /** Whether one of the first two lines that say anything begins with a number. */
    static boolean looksLikeOne(Path path) throws IOException {
        SmallFile.require(path);
        try (BufferedReader reader = Files.newBufferedReader(path)) {
            int seen = 0;
            for (String line = reader.readLine(); line != null && seen < 2; line = reader.readLine()) {
                String text = line.replace("\ufeff", "").strip();
                if (!text.isEmpty() && !text.startsWith("#")) {
                    seen++;
                    if (isNumber(SEPARATOR.split(text, 2)[0])) {
                        return true;
                    }
                }
            }
            return false;
        } catch (MalformedInputException e) {
            return false;
        }
    }

    private void line(int number, String line) throws IOException {
        if (line.isEmpty() || line.startsWith("#")) {
            endStep();
            return;
        }
        String[] fields = SEPARATOR.splitAsStream(line).toArray(String[]::new);
        if (!begun && !isNumber(fields[0])) {
            begun = true;
            numbered = fields[0].equalsIgnoreCase("layer");
            return;
        }
        begun = true;
        double[] values = new double[fields.length];
        for (int i = 0; i < fields.length; i++) {
            if (!isNumber(fields[i])) {
                throw new IOException(path + ": line " + number + ", column " + (i + 1) + ": expected a count, found \""
                        + Printable.of(fields[i]) + "\"");
            }
            values[i] = Double.parseDouble(fields[i]);
        }
        if (numbered) {
            if (steps.isEmpty()) {
                numbers.add(layer(number, values[0]));
            }
            values = Arrays.copyOfRange(values, 1, values.length);
        }
        if (values.length == 0 || (!open.isEmpty() && open.getFirst().length != values.length)) {
            throw new IOException(path + ": line " + number + " has " + values.length + " experts, expected "
                    + (open.isEmpty() ? "at least 1" : open.getFirst().length + " as in the line before"));
        }
        open.add(values);
    }

    private int layer(int line, double value) throws IOException {
        int least = numbers.isEmpty() ? 0 : numbers.getLast() + 1;
        if (value != Math.rint(value) || value < least || value >= 1 << 15) {
            throw new IOException(path + ": line " + line + ": layer " + value + ": expected a number from " + least
                    + " on");
        }
        return (int) value;
    }

    private static boolean isNumber(String field) {
        if (field.isEmpty() || field.length() > LONGEST_NUMBER) {
            return false;
        }
        try {
            Double.parseDouble(field);
            return true;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private void endStep() throws IOException {
        if (open.isEmpty()) {
            return;
        }
        if (!steps.isEmpty() && (steps.getFirst().size() != open.size()
                || steps.getFirst().getFirst().length != open.getFirst().length)) {
            throw new IOException(path + ": step " + steps.size() + " has " + open.size() + " layers x "
                    + open.getFirst().length + " experts, expected " + steps.getFirst().size() + " x "
                    + steps.getFirst().getFirst().length + " as in the first (blank lines separate steps)");
        }
        steps.add(open);
        open = new ArrayList<>();
    }

    private CountMatrix.Matrix matrix() throws IOException {
        if (steps.isEmpty()) {
            throw new IOException(path + ": holds no numbers: expected counts, a layer a line");
        }
        int layers = steps.getFirst().size();
        int experts = steps.getFirst().getFirst().length;
        Counts.requirePossible(path, layers, experts);
        int[] told = numbered ? numbers.stream().mapToInt(id -> id).toArray() : null;
        return new CountMatrix.Matrix(steps.size(), layers, experts, steps.size() > 1, told, (step, into) -> {
            for (int layer = 0; layer < layers; layer++) {
                System.arraycopy(steps.get(step).get(layer), 0, into, layer * experts, experts);
            }
        });
    }
}
