package io.moeplan.engine.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Filters over the items of a list, a dict's keys or a text's characters. */
final class ListFilters {
    private final Budget budget;
    private final Operators operators;
    private final Attributes attributes;
    private final Filters filters;
    private final Tests tests;

    ListFilters(Budget budget, Operators operators, Attributes attributes, Filters filters, Tests tests) {
        this.budget = budget;
        this.operators = operators;
        this.attributes = attributes;
        this.filters = filters;
        this.tests = tests;
    }

    Object apply(String name, Object value, Arguments arguments) {
        return switch (name) {
            case "dictsort" -> dictSort(value, arguments.bind(name, 0, "case_sensitive", "by", "reverse"));
            case "join" -> join(value, arguments.bind(name, 0, "d", "attribute"));
            case "list", "first", "last", "reverse" -> {
                arguments.bind(name, 0);
                yield plain(name, value);
            }
            case "map" -> map(items(value), arguments);
            case "select", "reject" -> select(items(value), name.equals("select"), arguments);
            case "selectattr", "rejectattr" -> selectAttribute(items(value), name.equals("selectattr"), arguments);
            case "sort" -> sort(items(value), arguments.bind(name, 0, "reverse", "case_sensitive", "attribute"));
            case "unique" -> unique(items(value), arguments.bind(name, 0, "case_sensitive", "attribute"));
            case "min", "max" -> extreme(items(value), name.equals("max"),
                    arguments.bind(name, 0, "case_sensitive", "attribute"));
            case "sum" -> sum(items(value), arguments.bind(name, 0, "attribute", "start"));
            case "batch" -> batch(items(value), arguments.bind(name, 1, "linecount", "fill_with"));
            default -> throw new TemplateException("no filter named '" + name + "'");
        };
    }

    private List<Object> items(Object value) {
        return Values.iterate(value, budget);
    }

    private Object plain(String name, Object value) {
        List<Object> items = items(value);
        return switch (name) {
            case "first" -> items.isEmpty() ? new Undefined("No first item, sequence was empty.") : items.getFirst();
            case "last" -> items.isEmpty() ? new Undefined("No last item, sequence was empty.") : items.getLast();
            case "reverse" -> {
                Collections.reverse(items);
                yield value instanceof String ? text(items, "") : items;
            }
            default -> items;
        };
    }

    private Object join(Object value, Bound bound) {
        List<Object> items = new ArrayList<>();
        for (Object item : items(value)) {
            items.add(bound.given(1) ? attribute(item, bound.value(1, null)) : item);
        }
        return text(items, Printer.str(bound.value(0, ""), budget));
    }

    private String text(List<Object> items, String separator) {
        StringBuilder out = new StringBuilder();
        String before = "";
        for (Object item : items) {
            String text = Printer.str(item, budget);
            budget.text((long) before.length() + text.length());
            budget.text(out.length() > Budget.MAX_TEXT ? out.length() : 0);
            out.append(before).append(text);
            before = separator;
        }
        return out.toString();
    }

    /** An attribute path such as {@code function.name} or {@code 0}; each step looks for an entry first. */
    private Object attribute(Object item, Object path) {
        if (path == null) {
            return item;
        }
        Object value = item;
        for (String step : Printer.str(path, budget).split("\\.", -1)) {
            boolean index = !step.isEmpty() && step.length() < 10 && step.chars().allMatch(c -> c >= '0' && c <= '9');
            value = attributes.item(value, index ? (Object) Long.valueOf(step) : step);
        }
        return value;
    }

    private Object map(List<Object> items, Arguments arguments) {
        List<Object> mapped = new ArrayList<>(items.size());
        if (arguments.positional().isEmpty()) {
            Bound bound = arguments.bind("map", 0, "attribute", "default");
            for (Object item : items) {
                Object value = attribute(item, bound.value(0, null));
                mapped.add(value instanceof Undefined ? bound.value(1, value) : value);
            }
            return mapped;
        }
        String filter = named(arguments, 0, "filter", Filters.NAMES);
        for (Object item : items) {
            mapped.add(filters.apply(filter, item, arguments.skip(1)));
        }
        return mapped;
    }

    private static String named(Arguments arguments, int index, String kind, Set<String> names) {
        if (arguments.positional().get(index) instanceof String name && names.contains(name)) {
            return name;
        }
        throw new TemplateException("no " + kind + " named '" + arguments.positional().get(index) + "'");
    }

    private Object select(List<Object> items, boolean wanted, Arguments arguments) {
        return items.stream().filter(item -> passes(item, arguments, 0) == wanted).toList();
    }

    private Object selectAttribute(List<Object> items, boolean wanted, Arguments arguments) {
        if (arguments.positional().isEmpty()) {
            throw new TemplateException("selectattr() and rejectattr() want the name of an attribute");
        }
        Object path = arguments.positional().getFirst();
        return items.stream().filter(item -> passes(attribute(item, path), arguments, 1) == wanted).toList();
    }

    /** Whether a value passes the test named by an argument, or is true if there is none. */
    private boolean passes(Object value, Arguments arguments, int test) {
        budget.step();
        if (arguments.positional().size() <= test) {
            return Values.truth(value);
        }
        String name = arguments.positional().get(test) instanceof String text && Tests.isComparison(text)
                ? text
                : named(arguments, test, "test", Tests.NAMES);
        return tests.test(name, value, arguments.skip(test + 1));
    }

    private Object sort(List<Object> items, Bound bound) {
        boolean caseSensitive = bound.flag(1, false);
        List<Object> keys = new ArrayList<>();
        if (bound.value(2, null) instanceof String paths) {
            keys.addAll(List.of((Object[]) paths.split(",", -1)));
        } else {
            keys.add(bound.value(2, null));
        }
        Comparator<Object> order = (a, b) -> {
            for (Object key : keys) {
                int result = operators.order("<", fold(attribute(a, key), caseSensitive),
                        fold(attribute(b, key), caseSensitive));
                if (result != 0) {
                    return result;
                }
            }
            return 0;
        };
        items.sort(bound.flag(0, false) ? order.reversed() : order);
        return items;
    }

    private static Object fold(Object value, boolean caseSensitive) {
        return !caseSensitive && value instanceof String text ? text.toLowerCase(Locale.ROOT) : value;
    }

    private Object dictSort(Object value, Bound bound) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new TemplateException("dictsort wants a dict, not " + Values.type(value));
        }
        int by = switch (bound.text(1, "key")) {
            case "key" -> 0;
            case "value" -> 1;
            case String other -> throw new TemplateException("dictsort sorts by key or value, not " + other);
        };
        List<Object> pairs = ContainerMethods.items(map);
        Comparator<Object> order = (a, b) -> operators.order("<", fold(((Tuple) a).get(by), bound.flag(0, false)),
                fold(((Tuple) b).get(by), bound.flag(0, false)));
        pairs.sort(bound.flag(2, false) ? order.reversed() : order);
        return pairs;
    }

    private Object unique(List<Object> items, Bound bound) {
        Set<Object> seen = new HashSet<>();
        List<Object> unique = new ArrayList<>();
        for (Object item : items) {
            if (seen.add(Values.key(fold(attribute(item, bound.value(1, null)), bound.flag(0, false))))) {
                unique.add(item);
            }
        }
        return unique;
    }

    private Object extreme(List<Object> items, boolean largest, Bound bound) {
        if (items.isEmpty()) {
            return new Undefined("No aggregated item, sequence was empty.");
        }
        Object path = bound.value(1, null);
        boolean caseSensitive = bound.flag(0, false);
        Object best = items.getFirst();
        for (Object item : items.subList(1, items.size())) {
            int order = operators.order(largest ? ">" : "<", fold(attribute(item, path), caseSensitive),
                    fold(attribute(best, path), caseSensitive));
            best = (largest ? order > 0 : order < 0) ? item : best;
        }
        return best;
    }

    private Object sum(List<Object> items, Bound bound) {
        Object total = bound.value(1, 0L);
        for (Object item : items) {
            total = operators.arithmetic("+", total, attribute(item, bound.value(0, null)));
        }
        return total;
    }

    private Object batch(List<Object> items, Bound bound) {
        int size = Math.max(1, bound.integer(0, 1));
        List<Object> rows = new ArrayList<>();
        for (int from = 0; from < items.size(); from += Math.min(size, items.size())) {
            rows.add(new ArrayList<>(items.subList(from, (int) Math.min((long) from + size, items.size()))));
        }
        if (!rows.isEmpty() && bound.value(1, null) != null) {
            List<Object> last = new ArrayList<>((List<?>) rows.removeLast());
            budget.items(size - (long) last.size());
            last.addAll(Collections.nCopies(size - last.size(), bound.value(1, null)));
            rows.add(last);
        }
        return rows;
    }
}
