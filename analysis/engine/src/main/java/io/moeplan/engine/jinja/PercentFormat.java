package io.moeplan.engine.jinja;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The common part of Python's {@code '...' % values}: %s, %r, %d, %x and %f with width and precision. */
final class PercentFormat {
    private static final Pattern DIRECTIVE = Pattern
            .compile("%(?:\\((\\w+)\\))?([-0+ ]*)(\\d{1,4})?(?:\\.(\\d{1,3}))?(.?)", Pattern.DOTALL);

    private final Object values;
    private final Budget budget;
    private int used;

    private PercentFormat(Object values, Budget budget) {
        this.values = values;
        this.budget = budget;
    }

    static String format(String format, Object values, Budget budget) {
        PercentFormat formatter = new PercentFormat(values, budget);
        StringBuilder out = new StringBuilder();
        Matcher matcher = DIRECTIVE.matcher(format);
        while (matcher.find()) {
            matcher.appendReplacement(out, "");
            String part = matcher.group(5).equals("%") ? "%" : formatter.directive(matcher);
            out.append(part);
            budget.text(part.length());
            budget.text(out.length() > Budget.MAX_TEXT ? out.length() : 0);
        }
        if (!(values instanceof Map) && formatter.used < formatter.count()) {
            throw new TemplateException("not all arguments converted during string formatting");
        }
        return matcher.appendTail(out).toString();
    }

    private int count() {
        return values instanceof Tuple tuple ? tuple.size() : 1;
    }

    private Object next(String name) {
        if (name != null) {
            if (!(values instanceof Map<?, ?> map) || !map.containsKey(name)) {
                throw new TemplateException("the format wants a value named '" + name + "'");
            }
            return map.get(name);
        }
        if (used >= count()) {
            throw new TemplateException("not enough arguments for format string");
        }
        return values instanceof Tuple tuple ? tuple.get(used++) : single();
    }

    private Object single() {
        used++;
        return values;
    }

    private String directive(Matcher matcher) {
        String flags = matcher.group(2);
        String precision = matcher.group(4);
        String kind = matcher.group(5);
        Object value = next(matcher.group(1));
        String text = switch (kind) {
            case "s" -> cut(Printer.str(value, budget), precision);
            case "r" -> cut(Printer.repr(value, budget), precision);
            case "d", "i" -> sign(Long.toString(whole(value, kind)), flags);
            case "x" -> Long.toHexString(whole(value, kind));
            case "X" -> Long.toHexString(whole(value, kind)).toUpperCase(Locale.ROOT);
            case "f", "F" ->
                sign(fixed(number(value, kind), precision == null ? 6 : Integer.parseInt(precision)), flags);
            default -> throw new TemplateException("the format %" + kind + " is not supported");
        };
        return pad(text, flags, matcher.group(3) == null ? 0 : Integer.parseInt(matcher.group(3)), kind);
    }

    private static String cut(String text, String precision) {
        return precision == null || Chars.length(text) <= Integer.parseInt(precision)
                ? text
                : Chars.part(text, 0, Integer.parseInt(precision));
    }

    private static double number(Object value, String kind) {
        if (!Numbers.isNumber(value)) {
            throw new TemplateException("%" + kind + " format: a number is required, not " + Values.type(value));
        }
        return Numbers.toDouble(value);
    }

    private static long whole(Object value, String kind) {
        return value instanceof Long number ? number : (long) number(value, kind);
    }

    /** A number with that many decimals, rounded half to even on its exact value, as Python does. */
    static String fixed(double value, int decimals) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return Printer.number(value);
        }
        String text = new BigDecimal(value).setScale(decimals, RoundingMode.HALF_EVEN).toPlainString();
        return value < 0 && !text.startsWith("-") ? "-" + text : text;
    }

    private static String sign(String number, String flags) {
        return number.startsWith("-")
                ? number
                : flags.contains("+")
                        ? "+" + number
                        : flags.contains(" ") ? " " + number : number;
    }

    private static String pad(String text, String flags, int width, String kind) {
        int missing = Math.max(0, width - Chars.length(text));
        if (flags.contains("-")) {
            return text + " ".repeat(missing);
        }
        if (!flags.contains("0") || List.of("s", "r").contains(kind)) {
            return " ".repeat(missing) + text;
        }
        boolean signed = text.startsWith("-") || text.startsWith("+") || text.startsWith(" ");
        return (signed ? text.substring(0, 1) : "") + "0".repeat(missing) + (signed ? text.substring(1) : text);
    }
}
