package io.moeplan.engine.jinja;

import java.util.HashMap;
import java.util.Map;

/** Names and their values; inner scopes see outer names, and what they set ends with them. */
final class Scope {
    private final Map<String, Object> names = new HashMap<>();
    private final Scope outer;

    Scope(Scope outer) {
        this.outer = outer;
    }

    Scope inner() {
        return new Scope(this);
    }

    Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Object value = scope.names.get(name);
            if (value != null || scope.names.containsKey(name)) {
                return value;
            }
        }
        return Undefined.name(name);
    }

    void set(String name, Object value) {
        names.put(name, value);
    }
}
