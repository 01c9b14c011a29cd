package io.moeplan.engine.jinja;

import java.util.Locale;
import java.util.function.IntPredicate;

/** Letter case and character classes of whole texts, as Python's methods of the same names. */
final class Letters {
    private Letters() {}

    static String convert(String text, String method) {
        return switch (method) {
            case "upper" -> text.toUpperCase(Locale.ROOT);
            case "lower" -> text.toLowerCase(Locale.ROOT);
            case "casefold" -> text.toLowerCase(Locale.ROOT).replace("ß", "ss");
            case "title" -> title(text);
            case "capitalize" -> capitalize(text);
            case "swapcase" -> swapCase(text);
            default -> throw new IllegalStateException(method);
        };
    }

    static boolean is(String text, String method) {
        return switch (method) {
            case "isalpha" -> all(text, Character::isLetter);
            case "isdigit", "isdecimal", "isnumeric" -> all(text, Character::isDigit);
            case "isalnum" -> all(text, Character::isLetterOrDigit);
            case "isspace" -> all(text, Chars::isSpace);
            case "isascii" -> text.chars().allMatch(c -> c < 0x80);
            case "isupper" -> text.codePoints().anyMatch(Character::isUpperCase)
                    && text.codePoints().noneMatch(Character::isLowerCase);
            case "islower" -> text.codePoints().anyMatch(Character::isLowerCase)
                    && text.codePoints().noneMatch(Character::isUpperCase);
            default -> throw new IllegalStateException(method);
        };
    }

    private static boolean all(String text, IntPredicate property) {
        return !text.isEmpty() && text.codePoints().allMatch(property);
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.offsetByCodePoints(0, 1);
        return text.substring(0, first).toUpperCase(Locale.ROOT) + text.substring(first).toLowerCase(Locale.ROOT);
    }

    private static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            out.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inWord = Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
        }
        return out.toString();
    }

    private static String swapCase(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> out
                .appendCodePoint(Character.isUpperCase(c) ? Character.toLowerCase(c) : Character.toUpperCase(c)));
        return out.toString();
    }
}
