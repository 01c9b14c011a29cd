package io.moeplan.engine.jinja;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** The filters: which there are, and which class does the work of each. */
final class Filters {
    static final Set<String> NAMES = Set.of("default", "d", "length", "count", "list", "string", "int", "float", "abs",
            "round", "tojson", "items", "dictsort", "safe", "escape", "e", "forceescape", "trim", "upper", "lower",
            "title", "capitalize", "replace", "indent", "format", "wordcount", "center", "join", "first", "last", "map",
            "select", "reject", "selectattr", "rejectattr", "sort", "reverse", "unique", "min", "max", "sum", "batch",
            "attr");

    private final Budget budget;
    private final Attributes attributes;
    private final TextFilters textFilters;
    private final ListFilters listFilters;
    private final NumberFilters numberFilters;

    Filters(Budget budget, Operators operators, Attributes attributes, Tests tests) {
        this.budget = budget;
        this.attributes = attributes;
        this.textFilters = new TextFilters(budget);
        this.listFilters = new ListFilters(budget, operators, attributes, this, tests);
        this.numberFilters = new NumberFilters();
    }

    Object apply(String name, Object value, Arguments arguments) {
        budget.step();
        return switch (name) {
            case "default", "d" -> {
                Bound bound = arguments.bind(name, 0, "default_value", "boolean");
                boolean replace = value instanceof Undefined || (bound.flag(1, false) && !Values.truth(value));
                yield replace ? bound.value(0, "") : value;
            }
            case "length", "count" -> {
                arguments.bind(name, 0);
                yield Values.length(value);
            }
            case "tojson" -> toJson(value, arguments);
            case "items" -> {
                arguments.bind(name, 0);
                yield items(value);
            }
            case "attr" -> {
                String wanted = arguments.bind(name, 1, "name").text(0);
                yield value instanceof Map ? Undefined.attribute(value, wanted) : attributes.attribute(value, wanted);
            }
            case "int", "float", "abs", "round" -> numberFilters.apply(name, value, arguments);
            case "string", "safe", "escape", "e", "forceescape", "trim", "upper", "lower", "title", "capitalize",
                    "replace", "indent", "format", "wordcount", "center" ->
                textFilters.apply(name, value, arguments);
            default -> listFilters.apply(name, value, arguments);
        };
    }

    private static Object items(Object value) {
        return switch (value) {
            case Map<?, ?> map -> ContainerMethods.items(map);
            case Undefined _ -> List.of();
            case null, default -> throw new TemplateException("Can only get item pairs from a mapping.");
        };
    }

    /** With the parameters of {@code json.dumps} that transformers passes on. */
    private String toJson(Object value, Arguments arguments) {
        Bound bound = arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        String indent = switch (bound.value(1, null)) {
            case null -> null;
            case String text -> text;
            default -> " ".repeat(Math.clamp(bound.integer(1, 0), 0, 64));
        };
        String itemSeparator = indent == null ? ", " : ",";
        String keySeparator = ": ";
        if (bound.value(2, null) instanceof List<?> separators) {
            if (separators.size() != 2 || !(separators.get(0) instanceof String item)
                    || !(separators.get(1) instanceof String key)) {
                throw new TemplateException("tojson wants two texts as separators");
            }
            itemSeparator = item;
            keySeparator = key;
        }
        return Json.write(value,
                new Json.Style(bound.flag(0, false), indent, itemSeparator, keySeparator, bound.flag(3, false)),
                budget);
    }
}
