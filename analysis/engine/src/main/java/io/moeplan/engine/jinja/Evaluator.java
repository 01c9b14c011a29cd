package io.moeplan.engine.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Evaluates expressions; remembers the line it is on for messages. */
final class Evaluator {
    private final Budget budget;
    private final Operators operators;
    private final Attributes attributes;
    private final Tests tests;
    private final Filters filters;
    private int line = 1;

    Evaluator(Budget budget, Operators operators) {
        this.budget = budget;
        this.operators = operators;
        this.attributes = new Attributes(budget, operators);
        this.tests = new Tests(operators);
        this.filters = new Filters(budget, operators, attributes, tests);
    }

    /** The template's line that was evaluated last. */
    int line() {
        return line;
    }

    Object evaluate(Expr expression, Scope scope) {
        budget.step();
        budget.enter();
        line = expression.line();
        Object value = switch (expression) {
            case Expr.Literal literal -> literal.value();
            case Expr.Name name -> scope.get(name.name());
            case Expr.ListOf list -> evaluateAll(list.items(), scope);
            case Expr.TupleOf tuple -> new Tuple(evaluateAll(tuple.items(), scope));
            case Expr.DictOf dict -> dict(dict, scope);
            case Expr.Attribute attribute -> attribute(attribute, scope);
            case Expr.Item item -> item(item, scope);
            case Expr.Slice slice -> attributes.slice(evaluate(slice.of(), scope), optional(slice.start(), scope),
                    optional(slice.stop(), scope), optional(slice.step(), scope));
            case Expr.Call call -> call(call, scope, null);
            case Expr.Filter filter -> filter(filter, scope);
            case Expr.Test test -> test(test, scope);
            case Expr.Not not -> !truth(not.of(), scope);
            case Expr.Sign sign -> operators.sign(evaluate(sign.of(), scope), sign.negative());
            case Expr.And and -> {
                Object left = evaluate(and.left(), scope);
                yield Values.truth(left) ? evaluate(and.right(), scope) : left;
            }
            case Expr.Or or -> {
                Object left = evaluate(or.left(), scope);
                yield Values.truth(left) ? left : evaluate(or.right(), scope);
            }
            case Expr.Arithmetic arithmetic -> arithmetic(arithmetic, scope);
            case Expr.Concat concat -> concat(concat, scope);
            case Expr.Compare compare -> compare(compare, scope);
            case Expr.Conditional conditional -> conditional(conditional, scope);
        };
        budget.leave();
        return value;
    }

    private boolean truth(Expr expression, Scope scope) {
        return Values.truth(evaluate(expression, scope));
    }

    private Object optional(Expr expression, Scope scope) {
        return expression == null ? null : evaluate(expression, scope);
    }

    private List<Object> evaluateAll(List<Expr> expressions, Scope scope) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expr expression : expressions) {
            values.add(evaluate(expression, scope));
        }
        return values;
    }

    private Object dict(Expr.DictOf dict, Scope scope) {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (Expr.Entry entry : dict.entries()) {
            map.put(Values.key(evaluate(entry.key(), scope)), evaluate(entry.value(), scope));
        }
        return map;
    }

    private Object attribute(Expr.Attribute attribute, Scope scope) {
        Object of = evaluate(attribute.of(), scope);
        line = attribute.line();
        return attributes.attribute(of, attribute.name());
    }

    private Object item(Expr.Item item, Scope scope) {
        Object of = evaluate(item.of(), scope);
        Object index = evaluate(item.index(), scope);
        line = item.line();
        return attributes.item(of, index);
    }

    private Object filter(Expr.Filter filter, Scope scope) {
        Object value = evaluate(filter.of(), scope);
        Arguments arguments = arguments(filter.arguments(), scope);
        line = filter.line();
        return filters.apply(filter.name(), value, arguments);
    }

    private Object test(Expr.Test test, Scope scope) {
        Object value = evaluate(test.of(), scope);
        Arguments arguments = arguments(test.arguments(), scope);
        line = test.line();
        return tests.test(test.name(), value, arguments);
    }

    private Arguments arguments(Expr.Given given, Scope scope) {
        if (given.positional().isEmpty() && given.named().isEmpty()) {
            return Arguments.NONE;
        }
        Map<String, Object> named = new LinkedHashMap<>();
        List<Object> positional = evaluateAll(given.positional(), scope);
        given.named().forEach((name, value) -> named.put(name, evaluate(value, scope)));
        return new Arguments(positional, named);
    }

    /** Calls; {@code caller} is what a call block hands on, or null. */
    Object call(Expr.Call call, Scope scope, Macro caller) {
        Object callee = evaluate(call.callee(), scope);
        Arguments arguments = arguments(call.arguments(), scope);
        line = call.line();
        if (caller != null) {
            Map<String, Object> named = new LinkedHashMap<>(arguments.named());
            named.put("caller", caller);
            arguments = new Arguments(arguments.positional(), named);
        }
        return switch (callee) {
            case Callable callable -> callable.call(arguments);
            case Undefined undefined -> throw undefined.failure();
            case null, default -> throw new TemplateException("'" + Values.type(callee) + "' object is not callable");
        };
    }

    private Object arithmetic(Expr.Arithmetic arithmetic, Scope scope) {
        Object left = evaluate(arithmetic.left(), scope);
        Object right = evaluate(arithmetic.right(), scope);
        line = arithmetic.line();
        return operators.arithmetic(arithmetic.operator(), left, right);
    }

    private Object concat(Expr.Concat concat, Scope scope) {
        StringBuilder text = new StringBuilder();
        for (Expr part : concat.parts()) {
            text.append(Printer.str(evaluate(part, scope), budget));
            budget.text(text.length());
        }
        return text.toString();
    }

    private Object compare(Expr.Compare compare, Scope scope) {
        Object left = evaluate(compare.first(), scope);
        for (Expr.Comparison comparison : compare.rest()) {
            Object right = evaluate(comparison.value(), scope);
            line = compare.line();
            if (!operators.compare(comparison.operator(), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private Object conditional(Expr.Conditional conditional, Scope scope) {
        if (truth(conditional.condition(), scope)) {
            return evaluate(conditional.then(), scope);
        }
        return conditional.otherwise() == null
                ? new Undefined("the inline if-expression on line " + conditional.line()
                        + " evaluated to false and no else section was defined.")
                : evaluate(conditional.otherwise(), scope);
    }
}
