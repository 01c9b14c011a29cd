package io.moeplan.engine.jinja;

import java.util.List;
import java.util.Set;

/** The variable {@code loop} during one iteration. */
final class Loop {
    private static final Set<String> NAMES = Set.of("index", "index0", "revindex", "revindex0", "first", "last",
            "length", "previtem", "nextitem", "depth", "depth0", "cycle", "changed");

    private final List<Object> items;
    private final Operators operators;
    private int at = -1;
    private List<Object> changing;

    Loop(List<Object> items, Operators operators) {
        this.items = items;
        this.operators = operators;
    }

    /** Moves on to the next iteration; false after the last. */
    boolean advance() {
        return ++at < items.size();
    }

    Object item() {
        return items.get(at);
    }

    Object attribute(String name) {
        if (!NAMES.contains(name)) {
            return Undefined.attribute(this, name);
        }
        return switch (name) {
            case "index" -> at + 1L;
            case "index0" -> (long) at;
            case "revindex" -> (long) items.size() - at;
            case "revindex0" -> items.size() - at - 1L;
            case "first" -> at == 0;
            case "last" -> at == items.size() - 1;
            case "length" -> (long) items.size();
            case "previtem" -> at > 0 ? items.get(at - 1) : new Undefined("there is no previous item");
            case "nextitem" -> at + 1 < items.size() ? items.get(at + 1) : new Undefined("there is no next item");
            case "depth" -> 1L;
            case "depth0" -> 0L;
            case "cycle" -> (Callable) this::cycle;
            default -> (Callable) this::changed;
        };
    }

    private Object cycle(Arguments arguments) {
        if (arguments.positional().isEmpty()) {
            throw new TemplateException("no items for cycling given");
        }
        return arguments.positional().get(at % arguments.positional().size());
    }

    private Object changed(Arguments arguments) {
        boolean changed = changing == null || !operators.equal(changing, arguments.positional());
        changing = arguments.positional();
        return changed;
    }
}
