package io.moeplan.engine.jinja;

/** What one rendering may spend; a template that wants more is hostile or broken and ends in an error. */
final class Budget {
    static final int MAX_TEXT = 64 << 20;
    static final int MAX_RANGE = 100_000;
    static final int MAX_ITEMS = 10_000_000;
    static final int MAX_DEPTH = 400;

    private static final long MAX_WORK = 40_000_000;
    private static final int CHARS_PER_STEP = 16;

    private long left = MAX_WORK;
    private int depth;

    /** Pays for one evaluated node, iteration or comparison. */
    void step() {
        steps(1);
    }

    void steps(long count) {
        left -= count;
        if (left < 0) {
            throw new TemplateException("the template does too much work; is a loop endless?");
        }
    }

    /** Pays for reading or making a text of that many characters. */
    void text(long chars) {
        if (chars > MAX_TEXT) {
            throw new TemplateException("a text grows beyond " + MAX_TEXT + " characters");
        }
        steps(1 + chars / CHARS_PER_STEP);
    }

    /** Pays for making a list of that many items. */
    void items(long count) {
        if (count > MAX_ITEMS) {
            throw new TemplateException("a list grows beyond " + MAX_ITEMS + " items");
        }
        steps(1 + count);
    }

    void enter() {
        if (++depth > MAX_DEPTH) {
            throw new TemplateException("nested or recursive beyond " + MAX_DEPTH + " levels");
        }
    }

    void leave() {
        depth--;
    }
}
