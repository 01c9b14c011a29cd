package io.moeplan.engine.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What may follow {@code is}. */
final class Tests {
    static final Set<String> NAMES = Set.of("defined", "undefined", "none", "string", "mapping", "iterable", "sequence",
            "number", "integer", "float", "boolean", "true", "false", "callable", "odd", "even", "divisibleby", "lower",
            "upper", "in", "sameas", "eq", "equalto", "ne", "lt", "lessthan", "le", "gt", "greaterthan", "ge");

    private static final Map<String, String> COMPARISONS = Map.ofEntries(Map.entry("eq", "=="),
            Map.entry("equalto", "=="), Map.entry("==", "=="), Map.entry("ne", "!="), Map.entry("!=", "!="),
            Map.entry("lt", "<"), Map.entry("lessthan", "<"), Map.entry("<", "<"), Map.entry("le", "<="),
            Map.entry("<=", "<="), Map.entry("gt", ">"), Map.entry("greaterthan", ">"), Map.entry(">", ">"),
            Map.entry("ge", ">="), Map.entry(">=", ">="), Map.entry("in", "in"));

    private final Operators operators;

    Tests(Operators operators) {
        this.operators = operators;
    }

    /** Whether a test compares with another value; filters may also name these by their operator. */
    static boolean isComparison(String name) {
        return COMPARISONS.containsKey(name);
    }

    boolean test(String name, Object value, Arguments arguments) {
        String comparison = COMPARISONS.get(name);
        if (comparison != null) {
            return operators.compare(comparison, value, arguments.bind(name, 1, "other").value(0, null));
        }
        if (name.equals("divisibleby")) {
            Object by = arguments.bind(name, 1, "num").value(0, null);
            return operators.equal(operators.arithmetic("%", value, by), 0L);
        }
        if (name.equals("sameas")) {
            Object other = arguments.bind(name, 1, "other").value(0, null);
            return same(value, other);
        }
        arguments.bind(name, 0);
        return kind(name, value);
    }

    private boolean same(Object value, Object other) {
        boolean container = value instanceof List || value instanceof Map;
        return Values.type(value).equals(Values.type(other)) && !container && operators.equal(value, other);
    }

    private boolean kind(String name, Object value) {
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value == null;
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Map;
            case "iterable", "sequence" -> value instanceof String || value instanceof List || value instanceof Map
                    || value instanceof Undefined;
            case "number" -> Numbers.isNumber(value) || value instanceof BigInteger;
            case "integer" -> value instanceof Long || value instanceof BigInteger;
            case "float" -> value instanceof Double;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "callable" -> value instanceof Callable;
            case "odd" -> remainder(value) == 1;
            case "even" -> remainder(value) == 0;
            case "lower" -> Letters.is(text(value), "islower");
            case "upper" -> Letters.is(text(value), "isupper");
            default -> throw new TemplateException("no test named '" + name + "'");
        };
    }

    private double remainder(Object value) {
        return Numbers.toDouble(operators.arithmetic("%", value, 2L));
    }

    private static String text(Object value) {
        return value instanceof String text ? text : "";
    }
}
