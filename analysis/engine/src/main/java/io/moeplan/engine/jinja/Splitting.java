package io.moeplan.engine.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Python's {@code split}, {@code rsplit} and {@code splitlines}. */
final class Splitting {
    private Splitting() {}

    /** Splits at a separator, at most {@code most} times unless negative. */
    static List<Object> at(String text, String separator, int most, boolean fromRight) {
        return fromRight ? fromRight(text, separator, most) : fromLeft(text, separator, most);
    }

    private static List<Object> fromLeft(String text, String separator, int most) {
        List<Object> parts = new ArrayList<>();
        int from = 0;
        int next = text.indexOf(separator);
        while (next >= 0 && (most < 0 || parts.size() < most)) {
            parts.add(text.substring(from, next));
            from = next + separator.length();
            next = text.indexOf(separator, from);
        }
        parts.add(text.substring(from));
        return parts;
    }

    private static List<Object> fromRight(String text, String separator, int most) {
        List<Object> parts = new ArrayList<>();
        int to = text.length();
        int next = text.lastIndexOf(separator);
        while (next >= 0 && (most < 0 || parts.size() < most)) {
            parts.add(text.substring(next + separator.length(), to));
            to = next;
            next = to < separator.length() ? -1 : text.lastIndexOf(separator, to - separator.length());
        }
        parts.add(text.substring(0, to));
        Collections.reverse(parts);
        return parts;
    }

    /** Splits at runs of whitespace; none at the ends remains, except beyond the last split. */
    static List<Object> atSpace(String text, int most, boolean fromRight) {
        if (fromRight && most >= 0) {
            return atSpaceFromRight(text, most);
        }
        List<Object> parts = new ArrayList<>();
        int from = skip(text, 0, true);
        while (from < text.length() && (most < 0 || parts.size() < most)) {
            int end = skip(text, from, false);
            parts.add(text.substring(from, end));
            from = skip(text, end, true);
        }
        if (from < text.length()) {
            parts.add(text.substring(from));
        }
        return parts;
    }

    private static int skip(String text, int from, boolean space) {
        int at = from;
        while (at < text.length() && Chars.isSpace(text.charAt(at)) == space) {
            at++;
        }
        return at;
    }

    private static List<Object> atSpaceFromRight(String text, int most) {
        List<Object> parts = new ArrayList<>();
        int to = skipBack(text, text.length(), true);
        while (to > 0 && parts.size() < most) {
            int start = skipBack(text, to, false);
            parts.add(text.substring(start, to));
            to = skipBack(text, start, true);
        }
        if (to > 0) {
            parts.add(text.substring(0, to));
        }
        Collections.reverse(parts);
        return parts;
    }

    private static int skipBack(String text, int from, boolean space) {
        int at = from;
        while (at > 0 && Chars.isSpace(text.charAt(at - 1)) == space) {
            at--;
        }
        return at;
    }

    /** Splits at line ends, which are kept if wanted. */
    static List<Object> lines(String text, boolean keepEnds) {
        List<Object> lines = new ArrayList<>();
        int from = 0;
        while (from < text.length()) {
            int end = from;
            while (end < text.length() && !endsLine(text.charAt(end))) {
                end++;
            }
            int next = end < text.length() ? end + (text.startsWith("\r\n", end) ? 2 : 1) : end;
            lines.add(text.substring(from, keepEnds ? next : end));
            from = next;
        }
        return lines;
    }

    private static boolean endsLine(char c) {
        return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
    }
}
