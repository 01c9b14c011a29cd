package io.moeplan.engine.jinja;

import io.moeplan.engine.jinja.Token.Kind;
import java.util.List;

/** A template's tokens with a reading position. */
final class Tokens {
    private final List<Token> tokens;
    private int at;

    Tokens(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(at);
    }

    Token next() {
        Token token = tokens.get(at);
        if (token.kind() != Kind.END) {
            at++;
        }
        return token;
    }

    int line() {
        return peek().line();
    }

    boolean at(Kind kind) {
        return peek().kind() == kind;
    }

    boolean atOperator(String operator) {
        return peek().is(Kind.OPERATOR, operator);
    }

    boolean atName(String name) {
        return peek().is(Kind.NAME, name);
    }

    boolean skipOperator(String operator) {
        boolean there = atOperator(operator);
        at += there ? 1 : 0;
        return there;
    }

    boolean skipName(String name) {
        boolean there = atName(name);
        at += there ? 1 : 0;
        return there;
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw error("expected '" + operator + "', got " + peek().describe());
        }
    }

    void expect(Kind kind) {
        if (!at(kind)) {
            throw error("expected the end of the tag, got " + peek().describe());
        }
        next();
    }

    String name() {
        if (!at(Kind.NAME)) {
            throw error("expected a name, got " + peek().describe());
        }
        return next().text();
    }

    TemplateException error(String problem) {
        return new TemplateException(problem, line());
    }
}
