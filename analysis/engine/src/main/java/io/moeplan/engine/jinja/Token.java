package io.moeplan.engine.jinja;

/**
 * A piece of a template.
 *
 * @param text
 *            for {@link Kind#STRING} the value with its escapes resolved, otherwise as written
 * @param line
 *            one-based
 */
record Token(Kind kind, String text, int line) {
    /** The kinds of tokens; OUTPUT is {@code {{ }}}, TAG is {@code {% %}}. */
    enum Kind {
        DATA, OUTPUT_BEGIN, OUTPUT_END, TAG_BEGIN, TAG_END, NAME, STRING, INTEGER, FLOAT, OPERATOR, END
    }

    boolean is(Kind wanted, String wantedText) {
        return kind == wanted && text.equals(wantedText);
    }

    String describe() {
        return switch (kind) {
            case END -> "the end of the template";
            case OUTPUT_END, TAG_END -> "the end of the tag";
            default -> "'" + text + "'";
        };
    }
}
