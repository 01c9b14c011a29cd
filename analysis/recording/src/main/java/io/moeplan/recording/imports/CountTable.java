package io.moeplan.recording.imports;

import io.moeplan.eplb.Phase;
import io.moeplan.recording.Absent;
import io.moeplan.recording.Mode;
import io.moeplan.tensors.Printable;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Counts as CSV with a line for each step and layer: {@code step,phase,layer,tokens} and a column for each expert, what
 * {@code moeplan export --to csv} writes. Steps and layers ascend; every step has the layers of the first.
 */
final class CountTable implements StepSource {
    private static final String HEADING = "step,phase,layer,tokens,";
    private static final int BEFORE_COUNTS = 4;
    private static final int LONGEST_HEADING = 1 << 20;

    private final Path path;
    private final int experts;
    private int[] layers;

    private CountTable(Path path, int experts) {
        this.path = path;
        this.experts = experts;
    }

    /** Whether a file is text that begins with such a heading. */
    static boolean isOne(Path path) throws IOException {
        if (FirstBytes.of(path) != FirstBytes.TEXT) {
            return false;
        }
        try (BufferedReader reader = Files.newBufferedReader(path)) {
            char[] head = new char[HEADING.length() + 1];
            int read = reader.read(head);
            return read > 0 && new String(head, 0, read).replace("\ufeff", "").startsWith(HEADING);
        } catch (MalformedInputException e) {
            return false;
        }
    }

    /** Reads the first step, which has the layers of all. */
    static CountTable open(Path path) throws IOException {
        CountTable table = new CountTable(path, columns(path) - BEFORE_COUNTS);
        Counts.requirePossible(path, 1, table.experts);
        List<Integer> numbers = new ArrayList<>();
        table.lines((number, fields) -> {
            int layer = table.whole(number, fields, 2, Short.MAX_VALUE);
            if (!numbers.isEmpty() && numbers.getLast() >= layer) {
                return false;
            }
            numbers.add(layer);
            return true;
        });
        Counts.requirePossible(path, numbers.size(), table.experts);
        table.layers = numbers.stream().mapToInt(id -> id).toArray();
        return table;
    }

    private static int columns(Path path) throws IOException {
        try (BufferedReader reader = Files.newBufferedReader(path)) {
            String heading = BoundedLine.read(reader, LONGEST_HEADING);
            if (heading == null) {
                throw new IOException(path + ": the heading is longer than " + LONGEST_HEADING + " characters");
            }
            return heading.split(",", -1).length;
        }
    }

    /** Takes a line that is not the heading; returns whether to go on. */
    @FunctionalInterface
    private interface LineVisitor {
        boolean line(int number, String[] fields) throws IOException;
    }

    private void lines(LineVisitor visitor) throws IOException {
        // A count has ten digits at most, and the columns before it are short.
        int longest = (experts + BEFORE_COUNTS) * 24;
        try (BufferedReader reader = Files.newBufferedReader(path)) {
            BoundedLine.read(reader, LONGEST_HEADING);
            int number = 2;
            for (String line = BoundedLine.read(reader, longest); line == null
                    || !line.equals(BoundedLine.END); line = BoundedLine.read(reader, longest)) {
                String[] fields = line == null ? new String[0] : line.strip().split(",", -1);
                if (fields.length != experts + BEFORE_COUNTS) {
                    throw new IOException(path + ": line " + number + (line == null
                            ? " is too long"
                            : " has " + fields.length + " columns") + ", expected " + (experts + BEFORE_COUNTS));
                }
                if (!visitor.line(number++, fields)) {
                    return;
                }
            }
        } catch (MalformedInputException e) {
            throw new IOException(path + ": no text in UTF-8", e);
        }
    }

    private int whole(int line, String[] fields, int column, long most) throws IOException {
        return (int) number(line, fields, column, most);
    }

    private long number(int line, String[] fields, int column, long most) throws IOException {
        String field = fields[column];
        boolean digits = !field.isEmpty() && field.length() <= 19 && field.chars().allMatch(c -> c >= '0' && c <= '9');
        long value = digits ? parsed(field) : -1;
        if (value < 0 || value > most) {
            throw new IOException(
                    path + ": line " + line + ", column " + (column + 1) + ": expected a whole number from 0"
                            + " to " + most + ", found \"" + Printable.of(field) + "\"");
        }
        return value;
    }

    private static long parsed(String digits) {
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    @Override
    public String name() {
        return SourceNames.of(path);
    }

    @Override
    public SourceFormat format() {
        return SourceFormat.COUNT_MATRIX;
    }

    @Override
    public Shape shape() {
        Set<Absent> absent = EnumSet.noneOf(Absent.class);
        return new Shape(Mode.PER_PASS, layers.clone(), 0, experts, 0, false, absent);
    }

    @Override
    public void forEachStep(Visitor visitor) throws IOException {
        long size = Math.max(1, Files.size(path));
        long[] counts = new long[layers.length * experts];
        long[] state = {0, 0, 0};
        lines((number, fields) -> {
            int layer = (int) (state[0]++ % layers.length);
            long step = number(number, fields, 0, Long.MAX_VALUE);
            int tokens = whole(number, fields, 3, Integer.MAX_VALUE);
            if (whole(number, fields, 2, Short.MAX_VALUE) != layers[layer] || (layer > 0 && step != state[1])) {
                throw new IOException(path + ": line " + number + ": expected layer " + layers[layer]
                        + (layer > 0 ? " of step " + state[1] : ""));
            }
            if (layer == 0 && state[0] > 1 && step <= state[1]) {
                throw new IOException(path + ": line " + number + ": step " + step + " comes after step " + state[1]
                        + ": steps must ascend");
            }
            state[1] = step;
            for (int expert = 0; expert < experts; expert++) {
                counts[layer * experts + expert] = whole(number, fields, BEFORE_COUNTS + expert, Integer.MAX_VALUE);
            }
            for (String field : fields) {
                state[2] += field.length() + 1;
            }
            if (layer == layers.length - 1) {
                visitor.step(step, phase(number, fields[1]), tokens, counts, Math.min(1.0, (double) state[2] / size));
            }
            return true;
        });
        if (state[0] % layers.length != 0) {
            throw new IOException(path + ": step " + state[1] + ", the last, has " + state[0] % layers.length + " of "
                    + layers.length + " layers");
        }
    }

    private Phase phase(int line, String word) throws IOException {
        for (Phase phase : Phase.values()) {
            if (phase.name().toLowerCase(Locale.ROOT).equals(word)) {
                return phase;
            }
        }
        throw new IOException(path + ": line " + line + ", column 2: expected prefill, decode or mixed, found \""
                + Printable.of(word) + "\"");
    }

    @Override
    public void close() {
        // opened for each walk
    }
}
