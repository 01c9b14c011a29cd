package io.moeplan.eplb.planfile;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A value in a JSON file together with where it stands, so that every complaint names both.
 *
 * @param path the JSON path, e.g. {@code $.layers[3].gap}
 * @param node the value, or null if there is none
 */
record JsonPlace(Path file, String path, JsonNode node) {
    JsonPlace field(String name) throws PlanFileException {
        if (node == null || !node.isObject()) {
            throw fault("is not an object");
        }
        return new JsonPlace(file, path + "." + name, node.get(name));
    }

    /** Whether an object has such a field. */
    boolean has(String name) {
        return node != null && node.has(name);
    }

    /** The length of an array. */
    int size() throws PlanFileException {
        if (node == null || !node.isArray()) {
            throw fault("is not an array");
        }
        return node.size();
    }

    JsonPlace item(int index) {
        return new JsonPlace(file, path + "[" + index + "]", node.get(index));
    }

    int integer(int least, int most) throws PlanFileException {
        return (int) integer((long) least, most);
    }

    long integer(long least, long most) throws PlanFileException {
        if (node == null || !node.isIntegralNumber()) {
            throw fault("is not a whole number");
        }
        if (!node.canConvertToLong() || node.longValue() < least || node.longValue() > most) {
            throw fault(node.asText() + " is not within " + least + " and " + most);
        }
        return node.longValue();
    }

    double number(double least, double most) throws PlanFileException {
        if (node == null || !node.isNumber()) {
            throw fault("is not a number");
        }
        double value = node.doubleValue();
        if (!(value >= least && value <= most)) {
            throw fault(node.asText() + " is not within " + least + " and " + most);
        }
        return value;
    }

    boolean flag() throws PlanFileException {
        if (node == null || !node.isBoolean()) {
            throw fault("is neither true nor false");
        }
        return node.booleanValue();
    }

    /** A constant, written in lower case. */
    <E extends Enum<E>> E constant(Class<E> type) throws PlanFileException {
        String name = text();
        List<String> known = new ArrayList<>();
        for (E constant : type.getEnumConstants()) {
            String written = constant.name().toLowerCase(Locale.ROOT);
            if (written.equals(name)) {
                return constant;
            }
            known.add(written);
        }
        throw fault("\"" + name + "\" is none of " + String.join(", ", known));
    }

    String text() throws PlanFileException {
        if (node == null || !node.isTextual()) {
            throw fault("is not a string");
        }
        return node.textValue();
    }

    /** A string, or null where the file has null. */
    String textOrNull() throws PlanFileException {
        return node != null && node.isNull() ? null : text();
    }

    /** A complaint about this value; one that is absent is said to be missing, whatever is wrong with it. */
    PlanFileException fault(String complaint) {
        return new PlanFileException(file + ": " + path + ": " + (node == null ? "is missing" : complaint));
    }
}
