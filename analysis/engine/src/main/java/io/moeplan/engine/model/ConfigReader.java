package io.moeplan.engine.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * {@code config.json}, read by name and range. A value may go by several names, of which the first present counts; null
 * counts as absent, as it does for transformers.
 */
public final class ConfigReader {
    private final ConfigFile whole;
    private final Path file;
    /** The object that this one reads, the file's own or one in it. */
    private final JsonNode root;

    private ConfigReader(ConfigFile whole, JsonNode root) {
        this.whole = whole;
        this.file = whole.file();
        this.root = root;
    }

    /**
     * Reads the file.
     *
     * @throws IOException if the file is missing, too large to be a configuration, or not a JSON object
     */
    public static ConfigReader open(Path file) throws IOException {
        ConfigFile read = ConfigFile.read(file);
        return new ConfigReader(read, read.root());
    }

    public Path file() {
        return file;
    }

    /** SHA-256 of the file, 64 hexadecimal digits. */
    public String digest() {
        return whole.digest();
    }

    public boolean has(String name) {
        return root.hasNonNull(name);
    }

    /** The object of that name as a reader of its own, an empty one if it is absent. */
    public ConfigReader section(String name) throws ModelException {
        JsonNode node = root.get(name);
        if (node == null || node.isNull()) {
            return new ConfigReader(whole, JsonNodeFactory.instance.objectNode());
        }
        if (!node.isObject()) {
            throw new ModelException(file, name + " is not an object");
        }
        return new ConfigReader(whole, node);
    }

    /** A required whole number from 1 to {@code max}. */
    public int size(int max, String... names) throws ModelException {
        JsonNode node = find(names);
        if (node == null) {
            throw new ModelException(file, "lacks " + String.join(" or ", names));
        }
        return whole(node, names[0], 1, max);
    }

    /** As {@link #size(int, String...)}, or {@code absent} where the name is missing. */
    public int sizeOr(int absent, int max, String... names) throws ModelException {
        JsonNode node = find(names);
        return node == null ? absent : whole(node, names[0], 1, max);
    }

    /** A whole number from 0 to {@code max}, or {@code absent} where the name is missing. */
    public int wholeOr(int absent, int max, String name) throws ModelException {
        JsonNode node = find(name);
        return node == null ? absent : whole(node, name, 0, max);
    }

    /** A finite number above 0, or {@code absent} where the name is missing. */
    public double positiveOr(double absent, String name) throws ModelException {
        JsonNode node = find(name);
        if (node == null) {
            return absent;
        }
        if (!node.isNumber() || !(node.doubleValue() > 0) || Double.isInfinite(node.doubleValue())) {
            throw new ModelException(file, name + " is " + brief(node) + ", expected a number above 0");
        }
        return node.doubleValue();
    }

    public boolean flagOr(boolean absent, String name) throws ModelException {
        JsonNode node = find(name);
        if (node == null) {
            return absent;
        }
        if (!node.isBoolean()) {
            throw new ModelException(file, name + " is " + brief(node) + ", expected true or false");
        }
        return node.booleanValue();
    }

    /** As {@link #flagOr}, but some models write a number: above 0 is true. */
    public boolean switchOr(boolean absent, String name) throws ModelException {
        JsonNode node = find(name);
        return (node != null && node.isNumber()) ? node.doubleValue() > 0 : flagOr(absent, name);
    }

    public String textOr(String absent, String... names) throws ModelException {
        JsonNode node = find(names);
        if (node == null) {
            return absent;
        }
        if (!node.isTextual()) {
            throw new ModelException(file, names[0] + " is " + brief(node) + ", expected a string");
        }
        return node.textValue();
    }

    /** A finite number of 0 or more, or {@code absent} where the name is missing. */
    public double fractionOr(double absent, String name) throws ModelException {
        JsonNode node = find(name);
        if (node == null) {
            return absent;
        }
        if (!node.isNumber() || !(node.doubleValue() >= 0) || Double.isInfinite(node.doubleValue())) {
            throw new ModelException(file, name + " is " + brief(node) + ", expected a number of 0 or more");
        }
        return node.doubleValue();
    }

    /** A list of strings, empty where the name is missing. */
    public List<String> texts(String name) throws ModelException {
        List<String> texts = new ArrayList<>();
        for (JsonNode element : list(name)) {
            if (!element.isTextual()) {
                throw new ModelException(file, name + " holds " + brief(element) + ", expected strings");
            }
            texts.add(element.textValue());
        }
        return texts;
    }

    /** A list of whole numbers from 0 to {@code max} in its order, empty where the name is missing. */
    public List<Integer> wholes(int max, String name) throws ModelException {
        List<Integer> numbers = new ArrayList<>();
        for (JsonNode element : list(name)) {
            numbers.add(whole(element, name, 0, max));
        }
        return numbers;
    }

    /** A list of numbers above 0, empty where the name is missing. */
    public List<Double> positives(String name) throws ModelException {
        List<Double> numbers = new ArrayList<>();
        for (JsonNode element : list(name)) {
            if (!element.isNumber() || !(element.doubleValue() > 0) || Double.isInfinite(element.doubleValue())) {
                throw new ModelException(file, name + " holds " + brief(element) + ", expected numbers above 0");
            }
            numbers.add(element.doubleValue());
        }
        return numbers;
    }

    /** The names in this object, in its order. */
    public List<String> names() {
        return root.properties().stream().map(Map.Entry::getKey).toList();
    }

    /** As {@link #wholes}, where one number may stand for a list of one. */
    public List<Integer> wholeOrWholes(int max, String name) throws ModelException {
        JsonNode node = find(name);
        return node != null && node.isNumber() ? List.of(whole(node, name, 0, max)) : wholes(max, name);
    }

    private JsonNode list(String name) throws ModelException {
        JsonNode node = find(name);
        if (node == null) {
            return JsonNodeFactory.instance.arrayNode();
        }
        if (!node.isArray()) {
            throw new ModelException(file, name + " is " + brief(node) + ", expected a list");
        }
        return node;
    }

    /** A list of whole numbers from 0 to {@code max}, empty where the name is missing. */
    public Set<Integer> indices(int max, String name) throws ModelException {
        return new TreeSet<>(wholes(max, name));
    }

    private JsonNode find(String... names) {
        for (String name : names) {
            if (root.hasNonNull(name)) {
                return root.get(name);
            }
        }
        return null;
    }

    /** A whole number from 0 to {@code last}, or -1 for {@code last} itself. */
    public int lastIndex(int last, String name) throws ModelException {
        int index = whole(find(name), name, -1, Limits.LAYERS);
        return index < 0 ? last : index;
    }

    /** Some models list a value for every layer: that is read as one value if it is the same for all of them. */
    private JsonNode single(JsonNode node, String name) throws ModelException {
        if (!node.isArray() || node.isEmpty()) {
            return node;
        }
        for (JsonNode element : node) {
            if (!element.equals(node.get(0))) {
                throw new ModelException(file, name + " is " + brief(node)
                        + ": layers (or experts) that differ in it are not supported");
            }
        }
        return node.get(0);
    }

    private int whole(JsonNode given, String name, int min, int max) throws ModelException {
        JsonNode node = single(given, name);
        if (!node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < min || node.intValue() > max) {
            throw new ModelException(file,
                    name + " is " + brief(node) + ", expected a whole number from " + min + " to " + max);
        }
        return node.intValue();
    }

    private static String brief(JsonNode node) {
        String text = node.toString();
        return text.length() <= 40 ? text : text.substring(0, 37) + "...";
    }
}
