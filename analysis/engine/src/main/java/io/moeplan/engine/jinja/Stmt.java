package io.moeplan.engine.jinja;

import java.util.List;

/** A statement of a template. */
sealed interface Stmt {
    record Text(String text) implements Stmt {}

    record Output(Expr value) implements Stmt {}

    record If(List<Branch> branches, List<Stmt> otherwise) implements Stmt {}

    /** {@code filter} may be null. */
    record For(Target target, Expr in, Expr filter, List<Stmt> body, List<Stmt> otherwise) implements Stmt {}

    record Set(Target target, Expr value) implements Stmt {}

    /** A set block: the body's output, bound to {@link #BODY} while {@code value} is evaluated. */
    record Capture(Target target, Expr value, List<Stmt> body) implements Stmt {}

    record MacroOf(String name, Signature signature, List<Stmt> body) implements Stmt {}

    record CallBlock(Signature signature, Expr.Call call, List<Stmt> body) implements Stmt {}

    /** A filter block: prints {@code value}, evaluated with the body's output bound to {@link #BODY}. */
    record FilterBlock(Expr value, List<Stmt> body) implements Stmt {}

    /** A scope of its own ({@code with}), also without names ({@code generation}). */
    record With(List<Set> names, List<Stmt> body) implements Stmt {}

    record Break() implements Stmt {}

    record Continue() implements Stmt {}

    record Branch(Expr condition, List<Stmt> body) {}

    /** Where a value goes. */
    sealed interface Target {
        record Variable(String name) implements Target {}

        record Attribute(String namespace, String name, int line) implements Target {}

        record Several(List<Target> targets, int line) implements Target {}
    }

    /** A macro's parameters; {@code varargs} and {@code kwargs} tell whether the body uses those names. */
    record Signature(List<Parameter> parameters, boolean varargs, boolean kwargs) {}

    /** {@code standard} is null for a parameter without default. */
    record Parameter(String name, Expr standard) {}

    /** A name no template can write. */
    String BODY = "<body>";
}
