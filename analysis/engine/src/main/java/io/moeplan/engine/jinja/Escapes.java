package io.moeplan.engine.jinja;

/** The escapes of Python string literals. */
final class Escapes {
    private Escapes() {}

    /** A literal's value; an unknown escape keeps its backslash, as in Python. */
    static String resolve(String literal) {
        if (literal.indexOf('\\') < 0) {
            return literal;
        }
        StringBuilder value = new StringBuilder(literal.length());
        int at = 0;
        while (at < literal.length()) {
            char c = literal.charAt(at);
            at = c == '\\' && at + 1 < literal.length() ? escape(literal, at + 1, value) : plain(c, at, value);
        }
        return value.toString();
    }

    private static int plain(char c, int at, StringBuilder value) {
        value.append(c);
        return at + 1;
    }

    private static int escape(String literal, int at, StringBuilder value) {
        char c = literal.charAt(at);
        int simple = "\n\\'\"abfnrtv".indexOf(c);
        if (c == '\n') {
            return at + 1;
        }
        if (simple >= 0) {
            return plain("\n\\'\"\007\b\f\n\r\t\013".charAt(simple), at, value);
        }
        return switch (c) {
            case 'x' -> code(literal, at, 2, value);
            case 'u' -> code(literal, at, 4, value);
            case 'U' -> code(literal, at, 8, value);
            case '0', '1', '2', '3', '4', '5', '6', '7' -> octal(literal, at, value);
            default -> {
                value.append('\\').append(c);
                yield at + 1;
            }
        };
    }

    private static int code(String literal, int at, int digits, StringBuilder value) {
        int end = at + 1 + digits;
        try {
            value.appendCodePoint(Integer.parseInt(literal, at + 1, end, 16));
            return end;
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new TemplateException("broken escape \\" + literal.charAt(at) + " in a string");
        }
    }

    private static int octal(String literal, int at, StringBuilder value) {
        int end = at;
        while (end < literal.length() && end < at + 3 && literal.charAt(end) >= '0' && literal.charAt(end) <= '7') {
            end++;
        }
        value.append((char) Integer.parseInt(literal, at, end, 8));
        return end;
    }
}
