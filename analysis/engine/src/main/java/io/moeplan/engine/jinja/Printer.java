package io.moeplan.engine.jinja;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;

/** Writes values as Python's {@code str} and {@code repr} do. */
final class Printer {
    private static final int MAX_NESTING = 200;

    private final Budget budget;
    private final StringBuilder out = new StringBuilder();

    private Printer(Budget budget) {
        this.budget = budget;
    }

    static String str(Object value, Budget budget) {
        return switch (value) {
            case String text -> text;
            case Undefined _ -> "";
            case null -> "None";
            case Object other -> repr(other, budget);
        };
    }

    static String repr(Object value, Budget budget) {
        Printer printer = new Printer(budget);
        printer.write(value, 0);
        budget.text(printer.out.length());
        return printer.out.toString();
    }

    private void write(Object value, int depth) {
        budget.step();
        if (depth > MAX_NESTING || out.length() > Budget.MAX_TEXT) {
            throw new TemplateException("a value is too large to print");
        }
        switch (value) {
            case null -> out.append("None");
            case Boolean flag -> out.append(flag ? "True" : "False");
            case Double number -> out.append(number(number));
            case String text -> quote(text);
            case Tuple tuple -> items("(", tuple, tuple.size() == 1 ? ",)" : ")", depth);
            case List<?> list -> items("[", list, "]", depth);
            case Map<?, ?> map -> entries(map, depth);
            case Undefined _ -> out.append("Undefined");
            case Number number -> out.append(number);
            default -> out.append('<').append(Values.type(value)).append('>');
        }
    }

    private void items(String open, List<?> items, String close, int depth) {
        String separator = open;
        for (Object item : items) {
            out.append(separator);
            write(item, depth + 1);
            separator = ", ";
        }
        out.append(items.isEmpty() ? open : "").append(close);
    }

    private void entries(Map<?, ?> map, int depth) {
        String separator = "{";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.append(separator);
            write(entry.getKey(), depth + 1);
            out.append(": ");
            write(entry.getValue(), depth + 1);
            separator = ", ";
        }
        out.append(map.isEmpty() ? "{}" : "}");
    }

    private void quote(String text) {
        budget.text(text.length());
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(c -> character(c, quote));
        out.append(quote);
    }

    private void character(int c, char quote) {
        switch (c) {
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            case '\\' -> out.append("\\\\");
            default -> {
                if (c == quote) {
                    out.append('\\').append(quote);
                } else if (Chars.isPrintable(c)) {
                    out.appendCodePoint(c);
                } else {
                    out.append((c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x").formatted(c));
                }
            }
        }
    }

    /** As {@code repr(float)}: the shortest digits that read back, an exponent below 1e-4 and from 1e16. */
    static String number(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal digits = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        int exponent = digits.precision() - digits.scale() - 1;
        if (exponent < -4 || exponent >= 16) {
            return scientific(digits, exponent);
        }
        String plain = digits.toPlainString();
        return plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }

    private static String scientific(BigDecimal number, int exponent) {
        String digits = number.unscaledValue().abs().toString();
        String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
        return (number.signum() < 0 ? "-" : "") + mantissa + (exponent < 0 ? "e-" : "e+")
                + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }
}
