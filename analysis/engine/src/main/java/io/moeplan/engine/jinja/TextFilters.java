package io.moeplan.engine.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Filters that make a text; they take any value by what it prints as. */
final class TextFilters {
    private static final Pattern WORD_START = Pattern.compile("[-\\s(\\{\\[<]+");
    private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);

    private final Budget budget;

    TextFilters(Budget budget) {
        this.budget = budget;
    }

    Object apply(String name, Object value, Arguments arguments) {
        String text = Printer.str(value, budget);
        budget.text(text.length());
        return switch (name) {
            case "trim" -> {
                String chars = arguments.bind(name, 0, "chars").text(0);
                yield chars == null ? Chars.rstrip(Chars.lstrip(text)) : Chars.rstrip(Chars.lstrip(text, chars), chars);
            }
            case "replace" -> {
                Bound bound = arguments.bind(name, 2, "old", "new", "count");
                int most = bound.value(2, null) == null ? -1 : bound.integer(2, -1);
                yield StringMethods.replace(text, Printer.str(bound.value(0, null), budget),
                        Printer.str(bound.value(1, null), budget), most, budget);
            }
            case "indent" -> indent(text, arguments.bind(name, 0, "width", "first", "blank"));
            case "format" -> PercentFormat.format(text,
                    arguments.named().isEmpty() ? new Tuple(arguments.positional()) : arguments.named(), budget);
            case "center" -> new StringMethods(budget).method(text, "center")
                    .call(arguments.positional().isEmpty() && arguments.named().isEmpty()
                            ? Arguments.of(80L)
                            : arguments);
            default -> {
                arguments.bind(name, 0);
                yield plain(name, text);
            }
        };
    }

    private static Object plain(String name, String text) {
        return switch (name) {
            case "string", "safe" -> text;
            case "escape", "e", "forceescape" -> escape(text);
            case "upper", "lower" -> Letters.convert(text, name);
            case "capitalize" -> Letters.capitalize(text);
            case "title" -> title(text);
            case "wordcount" -> WORD.matcher(text).results().count();
            default -> throw new TemplateException("no filter named '" + name + "'");
        };
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;")
                .replace("\"", "&#34;");
    }

    /** Unlike the method {@code title}, capitalises only after spaces, dashes and opening brackets. */
    private static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        Matcher starts = WORD_START.matcher(text);
        int from = 0;
        while (starts.find()) {
            out.append(Letters.capitalize(text.substring(from, starts.start()))).append(starts.group());
            from = starts.end();
        }
        return out.append(Letters.capitalize(text.substring(from))).toString();
    }

    private String indent(String text, Bound bound) {
        String by = bound.value(0, 4L) instanceof String given ? given : spaces(bound.integer(0, 4));
        boolean blank = bound.flag(2, false);
        List<String> lines = new ArrayList<>();
        for (Object line : Splitting.lines(text + "\n", false)) {
            boolean indented = !lines.isEmpty() && (blank || !((String) line).isEmpty());
            budget.text(by.length());
            lines.add(indented ? by + line : (String) line);
        }
        String joined = String.join("\n", lines);
        budget.text(joined.length());
        return bound.flag(1, false) ? by + joined : joined;
    }

    private String spaces(int width) {
        budget.text(Math.max(0, width));
        return " ".repeat(Math.max(0, width));
    }
}
