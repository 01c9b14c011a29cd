package io.moeplan.engine.jinja;

import io.moeplan.engine.jinja.Stmt.Parameter;
import io.moeplan.engine.jinja.Stmt.Signature;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A macro, or the body of a call block; it sees the names of the scope that defines it. */
record Macro(String name, Signature signature, List<Stmt> body, Scope defined, Interpreter interpreter)
        implements
            Callable {
    @Override
    public Object call(Arguments arguments) {
        List<Parameter> parameters = signature.parameters();
        Scope scope = defined.inner();
        Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        scope.set("caller", named.containsKey("caller") ? named.remove("caller") : Undefined.name("caller"));
        for (int i = 0; i < parameters.size(); i++) {
            bind(parameters.get(i), i, arguments.positional(), named, scope);
        }
        bindRest(arguments.positional(), named, scope);
        return interpreter.capture(body, scope);
    }

    private void bind(Parameter parameter, int index, List<Object> positional, Map<String, Object> named, Scope scope) {
        String key = parameter.name();
        if (index < positional.size()) {
            if (named.containsKey(key)) {
                throw new TemplateException("macro '" + name + "' got multiple values for '" + key + "'");
            }
            scope.set(key, positional.get(index));
        } else if (named.containsKey(key)) {
            scope.set(key, named.remove(key));
        } else {
            scope.set(key, parameter.standard() == null
                    ? new Undefined("parameter '" + key + "' was not provided")
                    : interpreter.evaluate(parameter.standard(), scope));
        }
    }

    private void bindRest(List<Object> positional, Map<String, Object> named, Scope scope) {
        int taken = Math.min(signature.parameters().size(), positional.size());
        List<Object> rest = new ArrayList<>(positional.subList(taken, positional.size()));
        if (!rest.isEmpty() && !signature.varargs()) {
            throw new TemplateException(
                    "macro '" + name + "' takes not more than " + signature.parameters().size() + " argument(s)");
        }
        if (!named.isEmpty() && !signature.kwargs()) {
            throw new TemplateException(
                    "macro '" + name + "' takes no keyword argument '" + named.keySet().iterator().next() + "'");
        }
        scope.set("varargs", new Tuple(rest));
        scope.set("kwargs", new LinkedHashMap<Object, Object>(named));
    }

    Object attribute(String attribute) {
        return attribute.equals("name") ? name : Undefined.attribute(this, attribute);
    }
}
