package io.moeplan.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Text in HTML. */
final class Html {
    private Html() {}

    /** The text as HTML, safe between tags and in quoted attributes; control characters become question marks. */
    static String escape(String text) {
        StringBuilder html = new StringBuilder(text.length() + 16);
        Terminal.clean(text).codePoints().forEach(c -> {
            switch (c) {
                case '&' -> html.append("&amp;");
                case '<' -> html.append("&lt;");
                case '>' -> html.append("&gt;");
                case '"' -> html.append("&quot;");
                case '\'' -> html.append("&#39;");
                default -> html.appendCodePoint(c);
            }
        });
        return html.toString();
    }

    /** A resource beside this class, as text. */
    static String resource(String name) {
        try (var stream = Html.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException("moeplan's jar lacks " + name + ": build it again");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + name + " from moeplan's jar", e);
        }
    }
}
