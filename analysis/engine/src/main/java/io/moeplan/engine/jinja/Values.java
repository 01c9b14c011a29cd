package io.moeplan.engine.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the values of a template are and how Python looks at them. */
final class Values {
    private static final int MAX_NESTING = 200;

    private Values() {}

    /**
     * A value from outside in the types the interpreter works on.
     *
     * @throws TemplateException
     *             if it is, or holds, anything but text, numbers, booleans, null, lists and maps with text keys
     */
    static Object of(Object value) {
        return of(value, 0);
    }

    private static Object of(Object value, int depth) {
        if (depth > MAX_NESTING) {
            throw new TemplateException("a variable is nested deeper than " + MAX_NESTING + " levels");
        }
        return switch (value) {
            case null -> null;
            case String text -> text;
            case Boolean flag -> flag;
            case Long number -> number;
            case Double number -> number;
            case Integer number -> (long) number;
            case Float number -> (double) number;
            case BigInteger number -> number.bitLength() < Long.SIZE ? (Object) number.longValue() : number;
            case BigDecimal number -> number.doubleValue();
            case List<?> list -> listOf(list, depth);
            case Map<?, ?> map -> mapOf(map, depth);
            case Object other -> throw new TemplateException("a variable is of the unknown type " + other.getClass());
        };
    }

    private static List<Object> listOf(List<?> list, int depth) {
        List<Object> items = new ArrayList<>(list.size());
        for (Object item : list) {
            items.add(of(item, depth + 1));
        }
        return items;
    }

    private static Map<Object, Object> mapOf(Map<?, ?> map, int depth) {
        Map<Object, Object> entries = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (!(entry.getKey() instanceof String)) {
                throw new TemplateException("a variable has a key that is not text");
            }
            entries.put(entry.getKey(), of(entry.getValue(), depth + 1));
        }
        return entries;
    }

    /** The name of a value's Python type. */
    static String type(Object value) {
        return switch (value) {
            case null -> "NoneType";
            case String _ -> "str";
            case Boolean _ -> "bool";
            case Long _,BigInteger _ -> "int";
            case Double _ -> "float";
            case Tuple _ -> "tuple";
            case List<?> _ -> "list";
            case Map<?, ?> _ -> "dict";
            case Undefined _ -> "Undefined";
            case Namespace _ -> "namespace";
            case Loop _ -> "loop";
            case Callable _ -> "function";
            default -> "object";
        };
    }

    static boolean truth(Object value) {
        return switch (value) {
            case null -> false;
            case Boolean flag -> flag;
            case String text -> !text.isEmpty();
            case Long number -> number != 0;
            case Double number -> number != 0;
            case List<?> list -> !list.isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            case Undefined _ -> false;
            default -> true;
        };
    }

    /** The items that a loop over a value sees: characters of a text, keys of a dict. */
    static List<Object> iterate(Object value, Budget budget) {
        return switch (value) {
            case String text -> {
                budget.items(text.length());
                yield Chars.each(text);
            }
            case List<?> list -> {
                budget.items(list.size());
                yield new ArrayList<>(list);
            }
            case Map<?, ?> map -> {
                budget.items(map.size());
                yield new ArrayList<>(map.keySet());
            }
            case Undefined _ -> new ArrayList<>();
            case null -> throw new TemplateException("'NoneType' object is not iterable");
            case Object other -> throw new TemplateException("'" + type(other) + "' object is not iterable");
        };
    }

    static long length(Object value) {
        return switch (value) {
            case String text -> Chars.length(text);
            case List<?> list -> list.size();
            case Map<?, ?> map -> map.size();
            case Undefined _ -> 0;
            case null -> throw new TemplateException("object of type 'NoneType' has no len()");
            case Object other -> throw new TemplateException("object of type '" + type(other) + "' has no len()");
        };
    }

    /** The value itself, which must be one that a dict or set can hold as a key. */
    static Object key(Object value) {
        if (value instanceof Map || value instanceof List) {
            throw new TemplateException("unhashable type: '" + type(value) + "'");
        }
        return value;
    }

    /** Reads a dict; {@code otherwise} if the key is not there. */
    static Object lookUp(Map<?, ?> map, Object wanted, Object otherwise) {
        Object value = map.get(wanted);
        return value != null || map.containsKey(wanted) ? value : otherwise;
    }
}
