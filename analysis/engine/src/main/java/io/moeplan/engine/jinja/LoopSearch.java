package io.moeplan.engine.jinja;

import java.util.List;

/** Finds loops over a named value. */
final class LoopSearch {
    private LoopSearch() {}

    static boolean in(List<Stmt> statements, String name) {
        return statements.stream().anyMatch(statement -> in(statement, name));
    }

    private static boolean in(Stmt statement, String name) {
        return switch (statement) {
            case Stmt.For loop -> named(loop.in(), name) || in(loop.body(), name) || in(loop.otherwise(), name);
            case Stmt.If choice ->
                choice.branches().stream().anyMatch(branch -> in(branch.body(), name)) || in(choice.otherwise(), name);
            case Stmt.Capture capture -> in(capture.body(), name);
            case Stmt.MacroOf macro -> in(macro.body(), name);
            case Stmt.CallBlock call -> in(call.body(), name);
            case Stmt.FilterBlock filter -> in(filter.body(), name);
            case Stmt.With with -> in(with.body(), name);
            case Stmt.Text _,Stmt.Output _,Stmt.Set _,Stmt.Break _,Stmt.Continue _ -> false;
        };
    }

    private static boolean named(Expr value, String name) {
        return switch (value) {
            case Expr.Name variable -> variable.name().equals(name);
            case Expr.Attribute attribute -> attribute.name().equals(name);
            case Expr.Item item -> item.index() instanceof Expr.Literal literal && name.equals(literal.value());
            case Expr.Filter filter -> named(filter.of(), name);
            default -> false;
        };
    }
}
