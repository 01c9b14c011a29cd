package io.moeplan.report;

/** Makes foreign text safe to print on a terminal and fits it into a width. */
final class Terminal {
    /** No line of a text report is longer, in characters. */
    static final int WIDTH = 100;

    private Terminal() {}

    /** The text without control and formatting characters, which could move the cursor or reorder a line. */
    static String clean(String foreign) {
        StringBuilder clean = new StringBuilder(foreign.length());
        foreign.codePoints().forEach(c -> clean.appendCodePoint(printable(c) ? c : '?'));
        return clean.toString();
    }

    private static boolean printable(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE,
                    Character.UNASSIGNED, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
                false;
            default -> true;
        };
    }

    /** The text cut to {@code width} characters, the cut shown as three dots. */
    static String fit(String text, int width) {
        if (text.codePointCount(0, text.length()) <= width) {
            return text;
        }
        return text.substring(0, text.offsetByCodePoints(0, width - 3)) + "...";
    }

    /** The text in lines of at most {@link #WIDTH} characters, each after {@code indent} spaces and ended. */
    static String wrap(String text, int indent) {
        StringBuilder lines = new StringBuilder();
        StringBuilder line = new StringBuilder();
        for (String word : text.strip().split("\\s+", -1)) {
            String fitting = fit(word, WIDTH - indent);
            if (!line.isEmpty() && indent + line.length() + 1 + fitting.length() > WIDTH) {
                lines.append(" ".repeat(indent)).append(line).append('\n');
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(fitting);
        }
        return lines.append(" ".repeat(indent)).append(line).append('\n').toString();
    }
}
