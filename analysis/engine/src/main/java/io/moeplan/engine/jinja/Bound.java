package io.moeplan.engine.jinja;

import java.util.List;

/** Arguments in the order of a function's parameters. */
record Bound(String function, List<String> parameters, Object[] values) {
    /** Stands for an argument that was not given. */
    enum Absent {
        ABSENT
    }

    boolean given(int index) {
        return !(values[index] instanceof Absent);
    }

    Object value(int index, Object otherwise) {
        return given(index) ? values[index] : otherwise;
    }

    boolean flag(int index, boolean otherwise) {
        return given(index) ? Values.truth(values[index]) : otherwise;
    }

    String text(int index) {
        return text(index, null);
    }

    String text(int index, String otherwise) {
        return switch (value(index, otherwise)) {
            case null -> null;
            case String text -> text;
            case Object other -> throw wrong(index, "str", other);
        };
    }

    /** An integer, saturated to {@code int}: every use is a position, a count or a width. */
    int integer(int index, int otherwise) {
        return switch (value(index, (long) otherwise)) {
            case Long number -> Math.clamp(number, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case Boolean flag -> flag ? 1 : 0;
            case null -> throw wrong(index, "int", null);
            case Object other -> throw wrong(index, "int", other);
        };
    }

    private TemplateException wrong(int index, String wanted, Object got) {
        return new TemplateException(function + "() wants " + wanted + " for '" + parameters.get(index) + "', not "
                + Values.type(got));
    }
}
