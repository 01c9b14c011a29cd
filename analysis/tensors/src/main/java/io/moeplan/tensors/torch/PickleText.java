package io.moeplan.tensors.torch;

import java.io.IOException;

/** The strings of the text protocol. */
final class PickleText {
    private PickleText() {}

    /** What a Python 2 string literal in quotes stands for. */
    static String unquoted(PickleInput in, String literal) throws IOException {
        int last = literal.length() - 1;
        boolean quoted = last > 0 && literal.charAt(0) == literal.charAt(last)
                && (literal.charAt(0) == '\'' || literal.charAt(0) == '"');
        if (!quoted) {
            throw in.fault("a string without quotes");
        }
        return replaced(in, literal.substring(1, last), true);
    }

    /** What "raw unicode escape" text stands for. */
    static String unescaped(PickleInput in, String text) throws IOException {
        return replaced(in, text, false);
    }

    private static String replaced(PickleInput in, String text, boolean literal) throws IOException {
        StringBuilder out = new StringBuilder(text.length());
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c != '\\' || at == text.length()) {
                out.append(c);
                continue;
            }
            char escape = text.charAt(at++);
            int digits = switch (escape) {
                case 'u' -> 4;
                case 'U' -> 8;
                case 'x' -> literal ? 2 : 0;
                default -> 0;
            };
            if (digits > 0) {
                out.appendCodePoint(hex(in, text, at, digits));
                at += digits;
            } else {
                out.append(literal ? simple(escape) : "\\" + escape);
            }
        }
        return out.toString();
    }

    private static String simple(char escape) {
        return switch (escape) {
            case 'n' -> "\n";
            case 't' -> "\t";
            case 'r' -> "\r";
            case '\\', '\'', '"' -> String.valueOf(escape);
            default -> "\\" + escape;
        };
    }

    private static int hex(PickleInput in, String text, int at, int digits) throws IOException {
        try {
            int code = Integer.parseInt(text, at, Math.min(text.length(), at + digits), 16);
            if (Character.isValidCodePoint(code) && at + digits <= text.length()) {
                return code;
            }
        } catch (NumberFormatException e) {
            // the message below says it
        }
        throw in.fault("a string holds a wrong escape");
    }
}
