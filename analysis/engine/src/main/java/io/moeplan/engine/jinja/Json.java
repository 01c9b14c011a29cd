package io.moeplan.engine.jinja;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes values as Python's {@code json.dumps} does, with non-ASCII text left as it is unless asked otherwise. */
final class Json {
    private static final int MAX_NESTING = 200;

    private final Style style;
    private final Budget budget;
    private final StringBuilder out = new StringBuilder();

    private Json(Style style, Budget budget) {
        this.style = style;
        this.budget = budget;
    }

    /**
     * How to write.
     *
     * @param indent
     *            what each level is indented by, null for everything on one line
     */
    record Style(boolean ascii, String indent, String itemSeparator, String keySeparator, boolean sortKeys) {}

    static String write(Object value, Style style, Budget budget) {
        Json json = new Json(style, budget);
        json.value(value, 0);
        budget.text(json.out.length());
        return json.out.toString();
    }

    private void value(Object value, int depth) {
        budget.step();
        if (depth > MAX_NESTING || out.length() > Budget.MAX_TEXT) {
            throw new TemplateException("a value is too large for tojson");
        }
        switch (value) {
            case null -> out.append("null");
            case String text -> string(text);
            case Boolean flag -> out.append(flag.booleanValue());
            case Double number -> out.append(number(number));
            case Number number -> out.append(number);
            case Map<?, ?> map -> object(map, depth);
            case List<?> list -> array(list, depth);
            case Undefined undefined -> throw undefined.failure();
            default ->
                throw new TemplateException("Object of type " + Values.type(value) + " is not JSON serializable");
        }
    }

    private static String number(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "Infinity" : "-Infinity";
        }
        return Printer.number(value);
    }

    private void array(List<?> list, int depth) {
        if (list.isEmpty()) {
            out.append("[]");
            return;
        }
        String separator = "[";
        for (Object item : list) {
            out.append(separator);
            newLine(depth + 1);
            value(item, depth + 1);
            separator = style.itemSeparator();
        }
        newLine(depth);
        out.append(']');
    }

    private void object(Map<?, ?> map, int depth) {
        if (map.isEmpty()) {
            out.append("{}");
            return;
        }
        String separator = "{";
        for (Map.Entry<?, ?> entry : (style.sortKeys() ? sorted(map) : map).entrySet()) {
            out.append(separator);
            newLine(depth + 1);
            string(key(entry.getKey()));
            out.append(style.keySeparator());
            value(entry.getValue(), depth + 1);
            separator = style.itemSeparator();
        }
        newLine(depth);
        out.append('}');
    }

    private static Map<String, Object> sorted(Map<?, ?> map) {
        Map<String, Object> sorted = new TreeMap<>();
        map.forEach((key, value) -> sorted.put(key(key), value));
        return sorted;
    }

    private static String key(Object key) {
        return switch (key) {
            case null -> "null";
            case String text -> text;
            case Boolean flag -> flag.toString();
            case Double number -> number(number);
            case Number number -> number.toString();
            case Object other ->
                throw new TemplateException("a JSON key must be text, a number or none, not " + Values.type(other));
        };
    }

    private void newLine(int depth) {
        if (style.indent() != null) {
            budget.text((long) depth * style.indent().length());
            out.append('\n').repeat(style.indent(), depth);
        }
    }

    private void string(String text) {
        budget.text(text.length());
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            character(text.charAt(i));
        }
        out.append('"');
    }

    private void character(char c) {
        switch (c) {
            case '"' -> out.append("\\\"");
            case '\\' -> out.append("\\\\");
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            case '\b' -> out.append("\\b");
            case '\f' -> out.append("\\f");
            default -> {
                if (c < ' ' || (style.ascii() && c > '~')) {
                    out.append("\\u%04x".formatted((int) c));
                } else {
                    out.append(c);
                }
            }
        }
    }
}
