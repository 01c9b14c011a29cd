package io.moeplan.tensors;

/** Text out of foreign files, made fit for a message of one line. */
public final class Printable {
    private static final int LONGEST = 120;

    private Printable() {}

    /** At most 120 characters, none of which moves the cursor. */
    public static String of(String text) {
        return text.length() > LONGEST ? line(text.substring(0, LONGEST)) + "..." : line(text);
    }

    /** All of it, with question marks for characters that move the cursor or are none. */
    static String line(String text) {
        return text.codePoints().map(Printable::shown)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
    }

    private static int shown(int c) {
        boolean unseen = Character.isISOControl(c) || !Character.isDefined(c) || c == 0x2028 || c == 0x2029
                || Character.getType(c) == Character.SURROGATE;
        return unseen ? '?' : c;
    }
}
