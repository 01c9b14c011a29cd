package io.moeplan.engine.jinja;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The evaluated arguments of a call. */
record Arguments(List<Object> positional, Map<String, Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    static Arguments of(Object... positional) {
        return new Arguments(Arrays.asList(positional), Map.of());
    }

    /** Without the first {@code count} positional arguments. */
    Arguments skip(int count) {
        return new Arguments(positional.subList(Math.min(count, positional.size()), positional.size()), named);
    }

    /**
     * Matches arguments to the parameters of a function.
     *
     * @param function
     *            its name, for messages
     * @param required
     *            how many of the first parameters must be given
     * @throws TemplateException
     *             if there are too many, too few or unknown ones
     */
    Bound bind(String function, int required, String... parameters) {
        if (positional.size() > parameters.length) {
            throw new TemplateException(function + "() takes at most " + parameters.length + " arguments but "
                    + positional.size() + " were given");
        }
        Object[] values = new Object[parameters.length];
        Arrays.fill(values, Bound.Absent.ABSENT);
        for (int i = 0; i < positional.size(); i++) {
            values[i] = positional.get(i);
        }
        List<String> names = Arrays.asList(parameters);
        for (Map.Entry<String, Object> argument : named.entrySet()) {
            int i = names.indexOf(argument.getKey());
            if (i < 0) {
                throw new TemplateException(
                        function + "() got an unexpected keyword argument '" + argument.getKey() + "'");
            }
            if (!(values[i] instanceof Bound.Absent)) {
                throw new TemplateException(function + "() got multiple values for '" + argument.getKey() + "'");
            }
            values[i] = argument.getValue();
        }
        for (int i = 0; i < required; i++) {
            if (values[i] instanceof Bound.Absent) {
                throw new TemplateException(function + "() misses its argument '" + parameters[i] + "'");
            }
        }
        return new Bound(function, names, values);
    }
}
