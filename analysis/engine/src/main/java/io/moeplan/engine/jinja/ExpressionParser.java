package io.moeplan.engine.jinja;

import io.moeplan.engine.jinja.Expr.Comparison;
import io.moeplan.engine.jinja.Expr.Entry;
import io.moeplan.engine.jinja.Expr.Given;
import io.moeplan.engine.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Parses expressions by recursive descent, with jinja2's precedence (which binds {@code ~} tighter than {@code +}). */
final class ExpressionParser {
    private static final int MAX_NESTING = 100;
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

    private final Tokens tokens;
    private int nesting;
    private Set<String> namesSeen = new HashSet<>();

    ExpressionParser(Tokens tokens) {
        this.tokens = tokens;
    }

    /** Starts a new record of the names that expressions mention, and returns the old one. */
    Set<String> exchangeNamesSeen(Set<String> names) {
        Set<String> old = namesSeen;
        namesSeen = names;
        return old;
    }

    Expr expression() {
        if (++nesting > MAX_NESTING) {
            throw tokens.error("expressions are nested too deeply");
        }
        int line = tokens.line();
        Expr value = or();
        while (tokens.skipName("if")) {
            Expr condition = or();
            Expr otherwise = tokens.skipName("else") ? expression() : null;
            value = new Expr.Conditional(condition, value, otherwise, line);
        }
        nesting--;
        return value;
    }

    /** An expression, or several separated by commas: a tuple. */
    Expr tuple() {
        return tuple(true);
    }

    /** A tuple or expression that leaves a following {@code if} alone. */
    Expr tupleWithoutConditional() {
        return tuple(false);
    }

    private Expr tuple(boolean conditional) {
        int line = tokens.line();
        Expr first = conditional ? expression() : or();
        if (!tokens.atOperator(",")) {
            return first;
        }
        List<Expr> items = new ArrayList<>(List.of(first));
        while (tokens.skipOperator(",") && !endsTuple()) {
            items.add(conditional ? expression() : or());
        }
        return new Expr.TupleOf(items, line);
    }

    private boolean endsTuple() {
        return tokens.at(Kind.OUTPUT_END) || tokens.at(Kind.TAG_END) || tokens.atOperator(")");
    }

    private Expr or() {
        int line = tokens.line();
        Expr left = and();
        while (tokens.skipName("or")) {
            left = new Expr.Or(left, and(), line);
        }
        return left;
    }

    private Expr and() {
        int line = tokens.line();
        Expr left = not();
        while (tokens.skipName("and")) {
            left = new Expr.And(left, not(), line);
        }
        return left;
    }

    private Expr not() {
        int line = tokens.line();
        int count = 0;
        while (tokens.skipName("not")) {
            count++;
        }
        Expr value = comparison();
        if (count > 0 && count % 2 == 0) {
            return new Expr.Not(new Expr.Not(value, line), line);
        }
        return count > 0 ? new Expr.Not(value, line) : value;
    }

    private Expr comparison() {
        int line = tokens.line();
        Expr first = sum();
        List<Comparison> rest = new ArrayList<>();
        for (String operator = comparisonOperator(); operator != null; operator = comparisonOperator()) {
            rest.add(new Comparison(operator, sum()));
        }
        return rest.isEmpty() ? first : new Expr.Compare(first, rest, line);
    }

    private String comparisonOperator() {
        if (tokens.at(Kind.OPERATOR) && COMPARISONS.contains(tokens.peek().text())) {
            return tokens.next().text();
        }
        if (tokens.skipName("in")) {
            return "in";
        }
        if (tokens.skipName("not")) {
            if (!tokens.skipName("in")) {
                throw tokens.error("expected 'in' after 'not'");
            }
            return "not in";
        }
        return null;
    }

    private Expr sum() {
        int line = tokens.line();
        Expr left = concat();
        while (tokens.atOperator("+") || tokens.atOperator("-")) {
            left = new Expr.Arithmetic(tokens.next().text(), left, concat(), line);
        }
        return left;
    }

    private Expr concat() {
        int line = tokens.line();
        Expr first = product();
        if (!tokens.atOperator("~")) {
            return first;
        }
        List<Expr> parts = new ArrayList<>(List.of(first));
        while (tokens.skipOperator("~")) {
            parts.add(product());
        }
        return new Expr.Concat(parts, line);
    }

    private Expr product() {
        int line = tokens.line();
        Expr left = power();
        while (tokens.atOperator("*") || tokens.atOperator("/") || tokens.atOperator("//") || tokens.atOperator("%")) {
            left = new Expr.Arithmetic(tokens.next().text(), left, power(), line);
        }
        return left;
    }

    private Expr power() {
        int line = tokens.line();
        Expr left = unary(true);
        while (tokens.skipOperator("**")) {
            left = new Expr.Arithmetic("**", left, unary(true), line);
        }
        return left;
    }

    private Expr unary(boolean filtered) {
        int line = tokens.line();
        Expr value;
        if (tokens.atOperator("-") || tokens.atOperator("+")) {
            boolean negative = tokens.next().text().equals("-");
            if (++nesting > MAX_NESTING) {
                throw tokens.error("expressions are nested too deeply");
            }
            value = new Expr.Sign(unary(false), negative, line);
            nesting--;
        } else {
            value = primary();
        }
        value = postfix(value);
        return filtered ? filtersAndTests(value) : value;
    }

    private Expr primary() {
        Token token = tokens.next();
        return switch (token.kind()) {
            case NAME -> name(token);
            case STRING -> strings(token);
            case INTEGER -> new Expr.Literal(integer(token), token.line());
            case FLOAT -> new Expr.Literal(Double.valueOf(token.text()), token.line());
            default -> bracketed(token);
        };
    }

    private Expr name(Token token) {
        return switch (token.text()) {
            case "true", "True" -> new Expr.Literal(true, token.line());
            case "false", "False" -> new Expr.Literal(false, token.line());
            case "none", "None" -> new Expr.Literal(null, token.line());
            default -> {
                namesSeen.add(token.text());
                yield new Expr.Name(token.text(), token.line());
            }
        };
    }

    private Expr strings(Token token) {
        StringBuilder text = new StringBuilder(token.text());
        while (tokens.at(Kind.STRING)) {
            text.append(tokens.next().text());
        }
        return new Expr.Literal(text.toString(), token.line());
    }

    private static Long integer(Token token) {
        String text = token.text().toLowerCase(Locale.ROOT);
        try {
            return text.startsWith("0x")
                    ? Long.valueOf(text.substring(2), 16)
                    : text.startsWith("0o")
                            ? Long.valueOf(text.substring(2), 8)
                            : text.startsWith("0b") ? Long.valueOf(text.substring(2), 2) : Long.valueOf(text);
        } catch (NumberFormatException e) {
            throw new TemplateException("the integer " + text + " is too large", token.line());
        }
    }

    private Expr bracketed(Token token) {
        if (token.is(Kind.OPERATOR, "(")) {
            Expr value = tokens.atOperator(")") ? new Expr.TupleOf(List.of(), token.line()) : tuple();
            tokens.expectOperator(")");
            return value;
        }
        if (token.is(Kind.OPERATOR, "[")) {
            return list(token.line());
        }
        if (token.is(Kind.OPERATOR, "{")) {
            return dict(token.line());
        }
        throw new TemplateException("expected a value, got " + token.describe(), token.line());
    }

    private Expr list(int line) {
        List<Expr> items = new ArrayList<>();
        while (!tokens.skipOperator("]")) {
            items.add(expression());
            if (!tokens.atOperator("]")) {
                tokens.expectOperator(",");
            }
        }
        return new Expr.ListOf(items, line);
    }

    private Expr dict(int line) {
        List<Entry> entries = new ArrayList<>();
        while (!tokens.skipOperator("}")) {
            Expr key = expression();
            tokens.expectOperator(":");
            entries.add(new Entry(key, expression()));
            if (!tokens.atOperator("}")) {
                tokens.expectOperator(",");
            }
        }
        return new Expr.DictOf(entries, line);
    }

    private Expr postfix(Expr start) {
        Expr value = start;
        while (true) {
            int line = tokens.line();
            if (tokens.skipOperator(".")) {
                value = tokens.at(Kind.INTEGER)
                        ? new Expr.Item(value, new Expr.Literal(integer(tokens.next()), line), line)
                        : new Expr.Attribute(value, tokens.name(), line);
            } else if (tokens.skipOperator("[")) {
                value = subscript(value, line);
            } else if (tokens.atOperator("(")) {
                value = new Expr.Call(value, arguments(), line);
            } else {
                return value;
            }
        }
    }

    private Expr subscript(Expr of, int line) {
        Expr start = tokens.atOperator(":") ? null : expression();
        if (tokens.skipOperator("]")) {
            return new Expr.Item(of, start, line);
        }
        tokens.expectOperator(":");
        Expr stop = tokens.atOperator(":") || tokens.atOperator("]") ? null : expression();
        Expr step = tokens.skipOperator(":") && !tokens.atOperator("]") ? expression() : null;
        tokens.expectOperator("]");
        return new Expr.Slice(of, start, stop, step, line);
    }

    private Expr filtersAndTests(Expr start) {
        Expr value = start;
        while (true) {
            int line = tokens.line();
            if (tokens.skipOperator("|")) {
                value = filter(value, line);
            } else if (tokens.skipName("is")) {
                value = test(value, line);
            } else if (tokens.atOperator("(")) {
                value = new Expr.Call(value, arguments(), line);
            } else {
                return value;
            }
        }
    }

    /** One filter and those piped after it, applied to a value. */
    Expr filters(Expr start) {
        Expr value = start;
        do {
            value = filter(value, tokens.line());
        } while (tokens.skipOperator("|"));
        return value;
    }

    private Expr filter(Expr of, int line) {
        String name = tokens.name();
        if (!Filters.NAMES.contains(name)) {
            throw new TemplateException("no filter named '" + name + "'", line);
        }
        return new Expr.Filter(of, name, tokens.atOperator("(") ? arguments() : Given.NONE, line);
    }

    private Expr test(Expr of, int line) {
        boolean negated = tokens.skipName("not");
        String name = tokens.name();
        if (!Tests.NAMES.contains(name)) {
            throw new TemplateException("no test named '" + name + "'", line);
        }
        Given given = Given.NONE;
        if (tokens.atOperator("(")) {
            given = arguments();
        } else if (startsTestArgument()) {
            given = new Given(List.of(postfix(primary())), Map.of());
        }
        Expr test = new Expr.Test(of, name, given, line);
        return negated ? new Expr.Not(test, line) : test;
    }

    private boolean startsTestArgument() {
        return switch (tokens.peek().kind()) {
            case NAME -> switch (tokens.peek().text()) {
                case "else", "or", "and" -> false;
                case "is" -> throw tokens.error("tests cannot be chained");
                default -> true;
            };
            case STRING, INTEGER, FLOAT -> true;
            default -> tokens.atOperator("[") || tokens.atOperator("{");
        };
    }

    Given arguments() {
        tokens.expectOperator("(");
        List<Expr> positional = new ArrayList<>();
        Map<String, Expr> named = new LinkedHashMap<>();
        while (!tokens.skipOperator(")")) {
            argument(positional, named);
            if (!tokens.atOperator(")")) {
                tokens.expectOperator(",");
            }
        }
        return new Given(positional, named);
    }

    private void argument(List<Expr> positional, Map<String, Expr> named) {
        if (tokens.atOperator("*") || tokens.atOperator("**")) {
            throw tokens.error("unpacking arguments with * is not supported");
        }
        Expr value = expression();
        if (value instanceof Expr.Name name && tokens.skipOperator("=")) {
            named.put(name.name(), expression());
        } else if (named.isEmpty()) {
            positional.add(value);
        } else {
            throw tokens.error("a positional argument follows a named one");
        }
    }
}
