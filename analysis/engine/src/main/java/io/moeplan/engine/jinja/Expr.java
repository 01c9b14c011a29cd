package io.moeplan.engine.jinja;

import java.util.List;
import java.util.Map;

/** An expression of a template. */
sealed interface Expr {
    /** The one-based line it starts on. */
    int line();

    record Literal(Object value, int line) implements Expr {}

    record Name(String name, int line) implements Expr {}

    record ListOf(List<Expr> items, int line) implements Expr {}

    record TupleOf(List<Expr> items, int line) implements Expr {}

    record DictOf(List<Entry> entries, int line) implements Expr {}

    record Attribute(Expr of, String name, int line) implements Expr {}

    record Item(Expr of, Expr index, int line) implements Expr {}

    /** {@code of[start:stop:step]}; a part left out is null. */
    record Slice(Expr of, Expr start, Expr stop, Expr step, int line) implements Expr {}

    record Call(Expr callee, Given arguments, int line) implements Expr {}

    record Filter(Expr of, String name, Given arguments, int line) implements Expr {}

    record Test(Expr of, String name, Given arguments, int line) implements Expr {}

    record Not(Expr of, int line) implements Expr {}

    record Sign(Expr of, boolean negative, int line) implements Expr {}

    record And(Expr left, Expr right, int line) implements Expr {}

    record Or(Expr left, Expr right, int line) implements Expr {}

    record Arithmetic(String operator, Expr left, Expr right, int line) implements Expr {}

    record Concat(List<Expr> parts, int line) implements Expr {}

    /** {@code first op value op value ...}, true if every neighbouring pair compares so. */
    record Compare(Expr first, List<Comparison> rest, int line) implements Expr {}

    /** {@code then if condition else otherwise}; {@code otherwise} may be null. */
    record Conditional(Expr condition, Expr then, Expr otherwise, int line) implements Expr {}

    record Entry(Expr key, Expr value) {}

    record Comparison(String operator, Expr value) {}

    /** The arguments of a call as written. */
    record Given(List<Expr> positional, Map<String, Expr> named) {
        static final Given NONE = new Given(List.of(), Map.of());
    }
}
