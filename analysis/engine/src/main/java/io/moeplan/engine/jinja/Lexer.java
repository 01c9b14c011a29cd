package io.moeplan.engine.jinja;

import io.moeplan.engine.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens and settles its whitespace, so that the parser sees only text that is printed.
 *
 * <p>
 * A block tag or comment alone at the start of a line swallows the blanks before it (lstrip_blocks) and the newline
 * after it (trim_blocks); {@code -} strips all whitespace on its side, {@code +} strips none.
 */
final class Lexer {
    private static final Pattern RAW_BEGIN = Pattern.compile("\\{%[-+]?\\s*raw\\s*(-?)%\\}");
    private static final Pattern RAW_END = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%\\}");
    private static final Pattern NUMBER = Pattern.compile(
            "0[bB](_?[01])+|0[oO](_?[0-7])+|0[xX](_?[0-9a-fA-F])+|(\\d+_)*\\d+(\\.(\\d+_)*\\d+)?([eE][-+]?(\\d+_)*\\d+)?");
    private static final Pattern INTEGER = Pattern
            .compile("0[bB](_?[01])+|0[oO](_?[0-7])+|0[xX](_?[0-9a-fA-F])+|[\\d_]+");
    private static final List<String> OPERATORS = List.of("//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%",
            "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private int counted;

    private Lexer(String source) {
        this.source = source;
    }

    /** All tokens of a template, an {@link Kind#END} last. */
    static List<Token> tokens(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        if (source.endsWith("\n")) {
            source = source.substring(0, source.length() - 1);
        }
        Lexer lexer = new Lexer(source);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (at < source.length()) {
            int tag = nextTag();
            if (tag == source.length()) {
                data(source.substring(at));
                at = tag;
            } else {
                tag(tag);
            }
        }
        add(Kind.END, "");
    }

    private int nextTag() {
        for (int i = source.indexOf('{', at); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            if ("{%#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return source.length();
    }

    private void tag(int tag) {
        Matcher raw = RAW_BEGIN.matcher(source).region(tag, source.length());
        char kind = source.charAt(tag + 1);
        char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
        data(beforeTag(source.substring(at, tag), sign, kind != '{'));
        if (kind == '%' && raw.lookingAt()) {
            at = raw.end();
            raw(!raw.group(1).isEmpty());
            return;
        }
        at = tag + (sign == '-' || sign == '+' ? 3 : 2);
        if (kind == '#') {
            comment();
        } else if (kind == '{') {
            add(Kind.OUTPUT_BEGIN, "{{");
            expression("}}", Kind.OUTPUT_END);
        } else {
            add(Kind.TAG_BEGIN, "{%");
            expression("%}", Kind.TAG_END);
        }
    }

    private String beforeTag(String text, char sign, boolean block) {
        if (sign == '-') {
            return Chars.rstrip(text);
        }
        if (sign == '+' || !block) {
            return text;
        }
        int lineStart = text.lastIndexOf('\n') + 1;
        boolean startsLine = lineStart > 0 || at == 0 || source.charAt(at - 1) == '\n';
        return startsLine && Chars.isBlank(text, lineStart) ? text.substring(0, lineStart) : text;
    }

    private void raw(boolean strip) {
        if (strip) {
            skipSpace();
        }
        Matcher end = RAW_END.matcher(source);
        if (!end.find(at)) {
            throw error("{% raw %} has no {% endraw %}");
        }
        char sign = end.group(1).isEmpty() ? ' ' : end.group(1).charAt(0);
        data(beforeTag(source.substring(at, end.start()), sign, true));
        at = end.end();
        afterTag(end.group(2));
    }

    private void comment() {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw error("a comment is not closed by #}");
        }
        String sign = end > at && "-+".indexOf(source.charAt(end - 1)) >= 0 ? source.substring(end - 1, end) : "";
        at = end + 2;
        afterTag(sign);
    }

    /** Strips what a closed block tag or comment strips after itself. */
    private void afterTag(String sign) {
        if (sign.equals("-")) {
            skipSpace();
        } else if (sign.isEmpty() && at < source.length() && source.charAt(at) == '\n') {
            at++;
        }
    }

    private void expression(String end, Kind endKind) {
        int open = 0;
        while (true) {
            skipSpace();
            if (at >= source.length()) {
                throw error("a tag is not closed by " + end);
            }
            if (open == 0 && closes(end, endKind)) {
                return;
            }
            char c = source.charAt(at);
            if (c == '"' || c == '\'') {
                string(c);
            } else if (c >= '0' && c <= '9') {
                number();
            } else if (isNameStart(c)) {
                name();
            } else {
                open += operator();
                if (open < 0) {
                    throw error("unexpected closing bracket");
                }
            }
        }
    }

    private boolean closes(String end, Kind endKind) {
        boolean minus = source.startsWith("-" + end, at);
        boolean plus = endKind == Kind.TAG_END && source.startsWith("+" + end, at);
        if (!minus && !plus && !source.startsWith(end, at)) {
            return false;
        }
        add(endKind, end);
        at += end.length() + (minus || plus ? 1 : 0);
        if (endKind == Kind.TAG_END) {
            afterTag(minus ? "-" : plus ? "+" : "");
        } else if (minus) {
            skipSpace();
        }
        return true;
    }

    private void string(char quote) {
        int end = at + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw error("a string is not closed by " + quote);
        }
        add(Kind.STRING, Escapes.resolve(source.substring(at + 1, end)));
        at = end + 1;
    }

    private void number() {
        boolean afterDot = at > 0 && source.charAt(at - 1) == '.';
        Matcher matcher = (afterDot ? INTEGER : NUMBER).matcher(source).region(at, source.length());
        if (!matcher.lookingAt()) {
            throw error("not a number");
        }
        String text = matcher.group();
        boolean integer = INTEGER.matcher(text).matches();
        add(integer ? Kind.INTEGER : Kind.FLOAT, text.replace("_", ""));
        at = matcher.end();
    }

    private void name() {
        int end = at + 1;
        while (end < source.length() && Character.isUnicodeIdentifierPart(source.charAt(end))) {
            end++;
        }
        add(Kind.NAME, source.substring(at, end));
        at = end;
    }

    /** Adds an operator and returns by how much it opens (1) or closes (-1) a bracket. */
    private int operator() {
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, at)) {
                add(Kind.OPERATOR, operator);
                at += operator.length();
                return "([{".contains(operator) ? 1 : ")]}".contains(operator) ? -1 : 0;
            }
        }
        throw error("unexpected '" + Character.toString(source.codePointAt(at)) + "'");
    }

    private static boolean isNameStart(char c) {
        return c == '_' || Character.isUnicodeIdentifierStart(c);
    }

    private void skipSpace() {
        while (at < source.length() && Chars.isSpace(source.charAt(at))) {
            at++;
        }
    }

    private void data(String text) {
        if (!text.isEmpty()) {
            add(Kind.DATA, text);
        }
    }

    private void add(Kind kind, String text) {
        tokens.add(new Token(kind, text, line()));
    }

    private int line() {
        for (; counted < at; counted++) {
            if (source.charAt(counted) == '\n') {
                line++;
            }
        }
        return line;
    }

    private TemplateException error(String problem) {
        return new TemplateException(problem, line());
    }
}
