package io.moeplan.engine.text;

/** How byte-level tokenizers write bytes in JSON: printable Latin-1 characters stand for themselves, others for U+0100 on. */
final class ByteLevel {
    private static final char[] WRITTEN = new char[256];

    static {
        char next = 256;
        for (int b = 0; b < WRITTEN.length; b++) {
            boolean printable = (b > 0x20 && b < 0x7f) || (b > 0xa0 && b != 0xad);
            WRITTEN[b] = printable ? (char) b : next++;
        }
    }

    private ByteLevel() {}

    /** The text for bytes that come as chars, one each. */
    static String text(String bytes) {
        StringBuilder text = new StringBuilder(bytes.length());
        bytes.chars().forEach(b -> text.append(WRITTEN[b]));
        return text.toString();
    }
}
