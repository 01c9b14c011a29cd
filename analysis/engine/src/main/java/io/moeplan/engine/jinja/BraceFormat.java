package io.moeplan.engine.jinja;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code '...'.format(...)} with positions and names, and the specifications {@code d}, {@code s} and {@code .Nf}. */
final class BraceFormat {
    private static final Pattern FIELD = Pattern
            .compile("\\{\\{|\\}\\}|\\{(\\w*)(?:!([sr]))?(?::(?:(s|d)|\\.(\\d{1,3})f)?)?\\}|[{}]");

    private BraceFormat() {}

    static String format(String format, Arguments arguments, Budget budget) {
        StringBuilder out = new StringBuilder();
        Matcher matcher = FIELD.matcher(format);
        int next = 0;
        while (matcher.find()) {
            matcher.appendReplacement(out, "");
            String found = matcher.group();
            if (found.equals("{{") || found.equals("}}")) {
                out.append(found.charAt(0));
            } else if (found.length() == 1) {
                throw new TemplateException("the format string has a field that is not supported");
            } else {
                String name = matcher.group(1).isEmpty() ? Integer.toString(next++) : matcher.group(1);
                out.append(field(value(name, arguments), matcher, budget));
            }
            budget.text(out.length() > Budget.MAX_TEXT ? out.length() : matcher.end() - matcher.start());
        }
        return matcher.appendTail(out).toString();
    }

    private static Object value(String name, Arguments arguments) {
        if (arguments.named().containsKey(name)) {
            return arguments.named().get(name);
        }
        boolean position = name.length() < 6 && name.chars().allMatch(c -> c >= '0' && c <= '9');
        int at = position ? Integer.parseInt(name) : -1;
        if (at < 0 || at >= arguments.positional().size()) {
            throw new TemplateException("the format string wants an argument '" + name + "'");
        }
        return arguments.positional().get(at);
    }

    private static String field(Object value, Matcher matcher, Budget budget) {
        String text = "r".equals(matcher.group(2)) ? Printer.repr(value, budget) : Printer.str(value, budget);
        budget.text(text.length());
        if (matcher.group(4) != null && Numbers.isNumber(value)) {
            return PercentFormat.fixed(Numbers.toDouble(value), Integer.parseInt(matcher.group(4)));
        }
        boolean number = matcher.group(4) != null || "d".equals(matcher.group(3));
        if (number && !(value instanceof Long)) {
            throw new TemplateException("the format string wants a number, not " + Values.type(value));
        }
        return text;
    }
}
