package io.moeplan.engine.jinja;

import io.moeplan.engine.jinja.Stmt.Branch;
import io.moeplan.engine.jinja.Stmt.Parameter;
import io.moeplan.engine.jinja.Stmt.Signature;
import io.moeplan.engine.jinja.Stmt.Target;
import io.moeplan.engine.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Parses a template's statements. */
final class Parser {
    private static final int MAX_NESTING = 100;

    private final Tokens tokens;
    private final ExpressionParser expressions;
    private int nesting;
    private int loops;

    private Parser(Tokens tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    static List<Stmt> parse(String template) {
        Parser parser = new Parser(new Tokens(Lexer.tokens(template)));
        return parser.body();
    }

    /** Statements up to a tag named by {@code ends} (whose name is left to read), or to the end if there are none. */
    private List<Stmt> body(String... ends) {
        if (++nesting > MAX_NESTING) {
            throw tokens.error("blocks are nested too deeply");
        }
        List<Stmt> statements = new ArrayList<>();
        while (true) {
            Token token = tokens.next();
            switch (token.kind()) {
                case DATA -> statements.add(new Stmt.Text(token.text()));
                case OUTPUT_BEGIN -> {
                    statements.add(new Stmt.Output(expressions.tuple()));
                    tokens.expect(Kind.OUTPUT_END);
                }
                case TAG_BEGIN -> {
                    if (List.of(ends).contains(tokens.peek().text()) && tokens.at(Kind.NAME)) {
                        nesting--;
                        return statements;
                    }
                    statements.add(statement());
                }
                default -> {
                    if (ends.length > 0) {
                        throw tokens.error("the template ends before {% " + ends[ends.length - 1] + " %}");
                    }
                    return statements;
                }
            }
        }
    }

    /** A body that ends with exactly one tag, which is consumed. */
    private List<Stmt> bodyUntil(String end) {
        List<Stmt> statements = body(end);
        tokens.next();
        endTag();
        return statements;
    }

    private void endTag() {
        tokens.expect(Kind.TAG_END);
    }

    private Stmt statement() {
        Token keyword = tokens.peek();
        return switch (tokens.name()) {
            case "if" -> ifs();
            case "for" -> loop();
            case "set" -> set();
            case "macro" -> macro();
            case "call" -> call();
            case "filter" -> filter();
            case "with" -> with();
            case "generation" -> generation();
            case "break" -> inLoop(keyword, new Stmt.Break());
            case "continue" -> inLoop(keyword, new Stmt.Continue());
            case String other -> throw new TemplateException("the tag '" + other + "' is unknown or out of place",
                    keyword.line());
        };
    }

    private Stmt ifs() {
        List<Branch> branches = new ArrayList<>();
        while (true) {
            Expr condition = expressions.tupleWithoutConditional();
            endTag();
            branches.add(new Branch(condition, body("elif", "else", "endif")));
            String next = tokens.name();
            if (next.equals("elif")) {
                continue;
            }
            endTag();
            return new Stmt.If(branches, next.equals("else") ? bodyUntil("endif") : List.of());
        }
    }

    private Stmt loop() {
        Target target = target(false);
        if (!tokens.skipName("in")) {
            throw tokens.error("expected 'in', got " + tokens.peek().describe());
        }
        Expr in = expressions.tupleWithoutConditional();
        Expr filter = tokens.skipName("if") ? expressions.expression() : null;
        if (tokens.atName("recursive")) {
            throw tokens.error("recursive loops are not supported");
        }
        endTag();
        loops++;
        List<Stmt> body = body("else", "endfor");
        loops--;
        boolean otherwise = tokens.name().equals("else");
        endTag();
        return new Stmt.For(target, in, filter, body, otherwise ? bodyUntil("endfor") : List.of());
    }

    private Stmt inLoop(Token keyword, Stmt jump) {
        if (loops == 0) {
            throw new TemplateException("'" + keyword.text() + "' outside of a loop", keyword.line());
        }
        endTag();
        return jump;
    }

    private Stmt set() {
        Target target = target(true);
        if (tokens.skipOperator("=")) {
            Expr value = expressions.tuple();
            endTag();
            return new Stmt.Set(target, value);
        }
        Expr value = new Expr.Name(Stmt.BODY, tokens.line());
        if (tokens.skipOperator("|")) {
            value = expressions.filters(value);
        }
        endTag();
        return new Stmt.Capture(target, value, bodyUntil("endset"));
    }

    private Target target(boolean attributes) {
        int line = tokens.line();
        Target first = oneTarget(attributes);
        if (!tokens.atOperator(",")) {
            return first;
        }
        List<Target> targets = new ArrayList<>(List.of(first));
        while (tokens.skipOperator(",") && (tokens.at(Kind.NAME) || tokens.atOperator("("))) {
            targets.add(oneTarget(attributes));
        }
        return new Target.Several(targets, line);
    }

    private Target oneTarget(boolean attributes) {
        if (tokens.skipOperator("(")) {
            Target inner = target(attributes);
            tokens.expectOperator(")");
            return inner;
        }
        int line = tokens.line();
        String name = assignable();
        return attributes && tokens.skipOperator(".")
                ? new Target.Attribute(name, tokens.name(), line)
                : new Target.Variable(name);
    }

    private String assignable() {
        String name = tokens.name();
        if (Set.of("true", "True", "false", "False", "none", "None", "loop").contains(name)) {
            throw tokens.error("cannot assign to '" + name + "'");
        }
        return name;
    }

    private Stmt macro() {
        String name = assignable();
        return withSignature((signature, body) -> new Stmt.MacroOf(name, signature, body), "endmacro");
    }

    private Stmt call() {
        List<Parameter> parameters = tokens.atOperator("(") ? parameters() : List.of();
        int line = tokens.line();
        if (!(expressions.expression() instanceof Expr.Call call)) {
            throw new TemplateException("{% call %} wants a call", line);
        }
        return inSignature(parameters, (signature, body) -> new Stmt.CallBlock(signature, call, body), "endcall");
    }

    /** Makes a statement of what was parsed as a macro. */
    private interface MacroMaker {
        Stmt make(Signature signature, List<Stmt> body);
    }

    private Stmt withSignature(MacroMaker maker, String end) {
        return inSignature(parameters(), maker, end);
    }

    private Stmt inSignature(List<Parameter> parameters, MacroMaker maker, String end) {
        endTag();
        Set<String> seen = new HashSet<>();
        Set<String> outer = expressions.exchangeNamesSeen(seen);
        int outerLoops = loops;
        loops = 0;
        List<Stmt> body = bodyUntil(end);
        loops = outerLoops;
        expressions.exchangeNamesSeen(outer).forEach(outer::add);
        return maker.make(new Signature(parameters, seen.contains("varargs"), seen.contains("kwargs")), body);
    }

    private List<Parameter> parameters() {
        tokens.expectOperator("(");
        List<Parameter> parameters = new ArrayList<>();
        while (!tokens.skipOperator(")")) {
            String name = assignable();
            Expr standard = tokens.skipOperator("=") ? expressions.expression() : null;
            if (standard == null && !parameters.isEmpty() && parameters.getLast().standard() != null) {
                throw tokens.error("a parameter without default follows one with default");
            }
            parameters.add(new Parameter(name, standard));
            if (!tokens.atOperator(")")) {
                tokens.expectOperator(",");
            }
        }
        return parameters;
    }

    private Stmt filter() {
        Expr value = expressions.filters(new Expr.Name(Stmt.BODY, tokens.line()));
        endTag();
        return new Stmt.FilterBlock(value, bodyUntil("endfilter"));
    }

    private Stmt with() {
        List<Stmt.Set> names = new ArrayList<>();
        while (!tokens.at(Kind.TAG_END)) {
            if (!names.isEmpty()) {
                tokens.expectOperator(",");
            }
            Target target = oneTarget(false);
            tokens.expectOperator("=");
            names.add(new Stmt.Set(target, expressions.expression()));
        }
        endTag();
        return new Stmt.With(names, bodyUntil("endwith"));
    }

    /** Marks what the assistant said, for training; here it is only printed. */
    private Stmt generation() {
        endTag();
        return new Stmt.With(List.of(), bodyUntil("endgeneration"));
    }
}
