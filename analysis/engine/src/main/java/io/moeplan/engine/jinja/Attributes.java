package io.moeplan.engine.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What {@code a.b}, {@code a[b]} and {@code a[b:c]} mean for each kind of value. */
final class Attributes {
    private final Budget budget;
    private final StringMethods stringMethods;
    private final ContainerMethods containerMethods;

    Attributes(Budget budget, Operators operators) {
        this.budget = budget;
        this.stringMethods = new StringMethods(budget);
        this.containerMethods = new ContainerMethods(operators);
    }

    /** {@code of.name}: a method first and then, for a dict, an entry, as in jinja2. */
    Object attribute(Object of, String name) {
        Object method = method(of, name);
        if (method != null) {
            return method;
        }
        return switch (of) {
            case Map<?, ?> map -> Values.lookUp(map, name, Undefined.attribute(of, name));
            case Undefined undefined -> throw undefined.failure();
            case null -> Undefined.attribute(null, name);
            default -> own(of, name);
        };
    }

    /** {@code of[index]}: an entry first and then, if the index is a text, an attribute, as in jinja2. */
    Object item(Object of, Object index) {
        Undefined missing = Undefined.attribute(of, index);
        return switch (of) {
            case Map<?, ?> map -> {
                boolean hashable = !(index instanceof List || index instanceof Map);
                if (hashable && map.containsKey(index)) {
                    yield map.get(index);
                }
                yield index instanceof String name ? orElse(method(of, name), missing) : missing;
            }
            case List<?> list when index instanceof Long at -> {
                long from = at < 0 ? at + list.size() : at;
                yield from < 0 || from >= list.size() ? missing : list.get((int) from);
            }
            case String text when index instanceof Long at -> {
                budget.text(text.length());
                long from = at < 0 ? at + Chars.length(text) : at;
                yield from < 0 || from >= Chars.length(text)
                        ? missing
                        : Chars.part(text, (int) from, (int) from + 1);
            }
            case Undefined undefined -> throw undefined.failure();
            case null -> missing;
            default -> index instanceof Boolean flag
                    ? item(of, flag ? 1L : 0L)
                    : index instanceof String name ? orElse(method(of, name), own(of, name)) : missing;
        };
    }

    private static Object orElse(Object value, Object otherwise) {
        return value != null ? value : otherwise;
    }

    private static Object own(Object of, String name) {
        return switch (of) {
            case Namespace namespace -> Values.lookUp(namespace.attributes(), name, Undefined.attribute(of, name));
            case Loop loop -> loop.attribute(name);
            case Macro macro -> macro.attribute(name);
            default -> Undefined.attribute(of, name);
        };
    }

    private Callable method(Object of, String name) {
        return switch (of) {
            case String text -> stringMethods.method(text, name);
            case List<?> list -> containerMethods.ofList(list, name);
            case Map<?, ?> map -> containerMethods.ofDict(map, name);
            case null, default -> null;
        };
    }

    /** {@code of[start:stop:step]}, parts left out being null. */
    Object slice(Object of, Object start, Object stop, Object step) {
        return switch (of) {
            case String text -> String.join("", characters(Chars.each(text), start, stop, step));
            case Tuple tuple -> new Tuple(pick(tuple, start, stop, step));
            case List<?> list -> pick(list, start, stop, step);
            case Undefined undefined -> throw undefined.failure();
            case null -> Undefined.attribute(null, "a slice");
            default -> throw new TemplateException("'" + Values.type(of) + "' object cannot be sliced");
        };
    }

    private List<String> characters(List<Object> all, Object start, Object stop, Object step) {
        List<String> picked = new ArrayList<>();
        pick(all, start, stop, step).forEach(c -> picked.add((String) c));
        return picked;
    }

    /** The arithmetic of Python's {@code slice.indices}. */
    private List<Object> pick(List<?> items, Object start, Object stop, Object step) {
        budget.items(items.size());
        long by = bound(step, 1);
        if (by == 0) {
            throw new TemplateException("slice step cannot be zero");
        }
        long low = by > 0 ? 0 : -1;
        long high = by > 0 ? items.size() : items.size() - 1L;
        long from = position(start, by > 0 ? low : high, items.size(), low, high);
        long to = position(stop, by > 0 ? high : low, items.size(), low, high);
        List<Object> picked = new ArrayList<>();
        for (long i = from; by > 0 ? i < to : i > to; i += by) {
            picked.add(items.get((int) i));
        }
        return picked;
    }

    private static long position(Object given, long otherwise, int size, long low, long high) {
        if (given == null) {
            return otherwise;
        }
        long at = bound(given, 0);
        return Math.clamp(at < 0 ? at + size : at, low, high);
    }

    /** A slice's number, kept far from overflow. */
    private static long bound(Object given, long otherwise) {
        return switch (given) {
            case null -> otherwise;
            case Long number -> Math.clamp(number, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case Boolean flag -> flag ? 1 : 0;
            default -> throw new TemplateException("slice indices must be integers or None");
        };
    }
}
