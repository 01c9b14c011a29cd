package io.moeplan.engine.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The methods of lists, tuples and dicts that change nothing. */
final class ContainerMethods {
    private final Operators operators;

    ContainerMethods(Operators operators) {
        this.operators = operators;
    }

    /** A method of a list, or null. */
    Callable ofList(List<?> list, String name) {
        return switch (name) {
            case "index" -> arguments -> {
                int at = operators.indexOf(list, arguments.bind("index", 1, "value").value(0, null));
                if (at < 0) {
                    throw new TemplateException("the value is not in the list");
                }
                return (long) at;
            };
            case "count" -> arguments -> {
                Object wanted = arguments.bind("count", 1, "value").value(0, null);
                return list.stream().filter(item -> operators.equal(item, wanted)).count();
            };
            case "copy" -> arguments -> {
                arguments.bind("copy", 0);
                return operators.arithmetic("+", list, list instanceof Tuple ? Tuple.of() : List.of());
            };
            default -> null;
        };
    }

    /** A method of a dict, or null. */
    Callable ofDict(Map<?, ?> map, String name) {
        return switch (name) {
            case "get" -> arguments -> {
                Bound bound = arguments.bind("get", 1, "key", "default");
                return Values.lookUp(map, Values.key(bound.value(0, null)), bound.value(1, null));
            };
            case "items" -> arguments -> {
                arguments.bind("items", 0);
                return items(map);
            };
            case "keys" -> arguments -> {
                arguments.bind("keys", 0);
                return new ArrayList<Object>(map.keySet());
            };
            case "values" -> arguments -> {
                arguments.bind("values", 0);
                return new ArrayList<Object>(map.values());
            };
            case "copy" -> arguments -> {
                arguments.bind("copy", 0);
                return new LinkedHashMap<Object, Object>(map);
            };
            default -> null;
        };
    }

    static List<Object> items(Map<?, ?> map) {
        List<Object> items = new ArrayList<>(map.size());
        map.forEach((key, value) -> items.add(Tuple.of(key, value)));
        return items;
    }
}
