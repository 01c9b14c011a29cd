package io.moeplan.engine.jinja;

import java.time.Clock;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The functions every template sees. */
final class Globals {
    private final Budget budget;
    private final Clock clock;

    Globals(Budget budget, Clock clock) {
        this.budget = budget;
        this.clock = clock;
    }

    void defineIn(Scope scope) {
        scope.set("range", (Callable) this::range);
        scope.set("namespace", (Callable) arguments -> new Namespace(named(arguments, "namespace")));
        scope.set("dict", (Callable) this::dict);
        scope.set("raise_exception", (Callable) arguments -> {
            throw new TemplateException(
                    Printer.str(arguments.bind("raise_exception", 1, "message").value(0, null), budget));
        });
        scope.set("strftime_now", (Callable) arguments -> StrfTime.format(LocalDateTime.now(clock),
                arguments.bind("strftime_now", 1, "format").text(0)));
    }

    private Object range(Arguments arguments) {
        Bound bound = arguments.bind("range", 1, "start", "stop", "step");
        long start = bound.given(1) ? bound.integer(0, 0) : 0;
        long stop = bound.given(1) ? bound.integer(1, 0) : bound.integer(0, 0);
        long step = bound.integer(2, 1);
        if (step == 0) {
            throw new TemplateException("range() arg 3 must not be zero");
        }
        long count = Math.max(0, Math.ceilDiv(stop - start, step));
        if (count > Budget.MAX_RANGE) {
            throw new TemplateException("range() is limited to " + Budget.MAX_RANGE + " items");
        }
        budget.items(count);
        List<Object> numbers = new ArrayList<>((int) count);
        for (long i = 0; i < count; i++) {
            numbers.add(start + i * step);
        }
        return numbers;
    }

    private Object dict(Arguments arguments) {
        Map<Object, Object> map = new LinkedHashMap<>();
        Object pairs = new Arguments(arguments.positional(), Map.of()).bind("dict", 0, "pairs").value(0, List.of());
        if (pairs instanceof Map<?, ?> other) {
            budget.items(other.size());
            map.putAll(other);
        } else {
            Values.iterate(pairs, budget).forEach(pair -> put(map, Values.iterate(pair, budget)));
        }
        map.putAll(arguments.named());
        return map;
    }

    private static void put(Map<Object, Object> map, List<Object> pair) {
        if (pair.size() != 2) {
            throw new TemplateException("dict() wants pairs of key and value");
        }
        map.put(Values.key(pair.get(0)), pair.get(1));
    }

    /** The names and values of {@code namespace(...)}, a dict of them first if given. */
    private Map<String, Object> named(Arguments arguments, String function) {
        Map<String, Object> names = new LinkedHashMap<>();
        ((Map<?, ?>) dict(arguments)).forEach((name, value) -> {
            if (!(name instanceof String text)) {
                throw new TemplateException(function + "() wants texts as names");
            }
            names.put(text, value);
        });
        return names;
    }
}
