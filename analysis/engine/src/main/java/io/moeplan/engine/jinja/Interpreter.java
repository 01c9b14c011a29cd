package io.moeplan.engine.jinja;

import io.moeplan.engine.jinja.Stmt.Target;
import java.time.Clock;
import java.util.List;
import java.util.Map;

/** Runs statements for one rendering. */
final class Interpreter {
    /** How a statement ended. */
    private enum Flow {
        NEXT, BREAK, CONTINUE
    }

    private final Budget budget = new Budget();
    private final Operators operators = new Operators(budget);
    private final Evaluator evaluator = new Evaluator(budget, operators);
    private StringBuilder out = new StringBuilder();

    String render(List<Stmt> template, Map<String, Object> variables, Clock clock) {
        Scope globals = new Scope(null);
        new Globals(budget, clock).defineIn(globals);
        Scope scope = globals.inner();
        try {
            variables.forEach((name, value) -> scope.set(name, Values.of(value)));
            run(template, scope.inner());
            return out.toString();
        } catch (TemplateException e) {
            throw e.at(evaluator.line());
        } catch (StackOverflowError e) {
            throw new TemplateException("nested or recursive too deeply", evaluator.line());
        }
    }

    Object evaluate(Expr expression, Scope scope) {
        return evaluator.evaluate(expression, scope);
    }

    /** Runs statements and returns what they print. */
    String capture(List<Stmt> body, Scope scope) {
        StringBuilder outer = out;
        out = new StringBuilder();
        budget.enter();
        run(body, scope);
        budget.leave();
        String text = out.toString();
        out = outer;
        return text;
    }

    private Flow run(List<Stmt> statements, Scope scope) {
        for (Stmt statement : statements) {
            Flow flow = run(statement, scope);
            if (flow != Flow.NEXT) {
                return flow;
            }
        }
        return Flow.NEXT;
    }

    private Flow run(Stmt statement, Scope scope) {
        budget.step();
        return switch (statement) {
            case Stmt.Text text -> print(text.text());
            case Stmt.Output output -> print(Printer.str(evaluate(output.value(), scope), budget));
            case Stmt.If choice -> choose(choice, scope);
            case Stmt.For loop -> loop(loop, scope);
            case Stmt.Set set -> assign(set.target(), evaluate(set.value(), scope), scope);
            case Stmt.Capture capture -> assign(capture.target(), filtered(capture.body(), capture.value(), scope),
                    scope);
            case Stmt.FilterBlock filter -> print(
                    Printer.str(filtered(filter.body(), filter.value(), scope), budget));
            case Stmt.MacroOf macro -> assign(new Target.Variable(macro.name()),
                    new Macro(macro.name(), macro.signature(), macro.body(), scope, this), scope);
            case Stmt.CallBlock call -> print(Printer.str(evaluator.call(call.call(), scope,
                    new Macro("caller", call.signature(), call.body(), scope, this)), budget));
            case Stmt.With with -> with(with, scope);
            case Stmt.Break _ -> Flow.BREAK;
            case Stmt.Continue _ -> Flow.CONTINUE;
        };
    }

    private Flow print(String text) {
        budget.text(text.length());
        budget.text(out.length() > Budget.MAX_TEXT ? out.length() : 0);
        out.append(text);
        return Flow.NEXT;
    }

    private Object filtered(List<Stmt> body, Expr value, Scope scope) {
        Scope inner = scope.inner();
        inner.set(Stmt.BODY, capture(body, scope.inner()));
        return evaluate(value, inner);
    }

    private Flow choose(Stmt.If choice, Scope scope) {
        for (Stmt.Branch branch : choice.branches()) {
            if (Values.truth(evaluate(branch.condition(), scope))) {
                return run(branch.body(), scope);
            }
        }
        return run(choice.otherwise(), scope);
    }

    private Flow with(Stmt.With with, Scope scope) {
        Scope inner = scope.inner();
        for (Stmt.Set name : with.names()) {
            assign(name.target(), evaluate(name.value(), scope), inner);
        }
        return run(with.body(), inner);
    }

    private Flow loop(Stmt.For statement, Scope scope) {
        List<Object> items = Values.iterate(evaluate(statement.in(), scope), budget);
        if (statement.filter() != null) {
            items.removeIf(item -> !Values.truth(evaluate(statement.filter(), bound(statement, item, scope))));
        }
        Loop loop = new Loop(items, operators);
        boolean completed = false;
        Flow flow = Flow.NEXT;
        while (flow != Flow.BREAK && loop.advance()) {
            budget.step();
            Scope inner = bound(statement, loop.item(), scope);
            inner.set("loop", loop);
            flow = run(statement.body(), inner);
            completed |= flow == Flow.NEXT;
        }
        // jinja2's else also runs when every iteration was cut short
        return completed ? Flow.NEXT : run(statement.otherwise(), scope.inner());
    }

    private Scope bound(Stmt.For loop, Object item, Scope scope) {
        Scope inner = scope.inner();
        assign(loop.target(), item, inner);
        return inner;
    }

    private Flow assign(Target target, Object value, Scope scope) {
        switch (target) {
            case Target.Variable variable -> scope.set(variable.name(), value);
            case Target.Attribute attribute -> {
                if (!(scope.get(attribute.namespace()) instanceof Namespace namespace)) {
                    throw new TemplateException("cannot assign attribute on non-namespace object", attribute.line());
                }
                namespace.attributes().put(attribute.name(), value);
            }
            case Target.Several several -> unpack(several, value, scope);
        }
        return Flow.NEXT;
    }

    private void unpack(Target.Several several, Object value, Scope scope) {
        List<Object> items = Values.iterate(value, budget);
        if (items.size() != several.targets().size()) {
            throw new TemplateException("cannot unpack " + items.size() + " values into " + several.targets().size()
                    + " names", several.line());
        }
        for (int i = 0; i < items.size(); i++) {
            assign(several.targets().get(i), items.get(i), scope);
        }
    }
}
