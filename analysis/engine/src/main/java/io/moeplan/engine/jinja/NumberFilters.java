package io.moeplan.engine.jinja;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;

/** Filters that make a number. */
final class NumberFilters {
    private static final int MAX_DECIMALS = 300;

    Object apply(String name, Object value, Arguments arguments) {
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
        return switch (name) {
            case "int" -> {
                Bound bound = arguments.bind(name, 0, "default", "base");
                yield toInt(value, bound.value(0, 0L), bound.integer(1, 10));
            }
            case "float" -> toFloat(value, arguments.bind(name, 0, "default").value(0, 0.0));
            case "abs" -> abs(value, arguments.bind(name, 0));
            default -> round(value, arguments.bind(name, 0, "precision", "method"));
        };
    }

    private static Object toInt(Object value, Object otherwise, int base) {
        return switch (value) {
            case Long number -> number;
            case Boolean flag -> flag ? 1L : 0L;
            case Double number -> whole(number, otherwise);
            case String text -> parse(text, otherwise, base);
            case null, default -> otherwise;
        };
    }

    private static Object whole(double number, Object otherwise) {
        return Double.isNaN(number) || Math.abs(number) >= 0x1p63 ? otherwise : (Object) (long) number;
    }

    private static Object parse(String text, Object otherwise, int base) {
        String digits = clean(text);
        String prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : "\n";
        try {
            return Long.valueOf(digits.startsWith(prefix) ? digits.substring(2) : digits, base);
        } catch (NumberFormatException e) {
            return toFloat(text, null) instanceof Double number ? whole(number, otherwise) : otherwise;
        }
    }

    private static String clean(String text) {
        return Chars.rstrip(Chars.lstrip(text)).toLowerCase(Locale.ROOT).replaceAll("(?<=\\d)_(?=\\d)", "");
    }

    private static Object toFloat(Object value, Object otherwise) {
        if (Numbers.isNumber(value)) {
            return Numbers.toDouble(value);
        }
        String digits = value instanceof String text ? clean(text) : "";
        return switch (digits) {
            case "nan" -> Double.NaN;
            case "inf", "infinity", "+inf" -> Double.POSITIVE_INFINITY;
            case "-inf", "-infinity" -> Double.NEGATIVE_INFINITY;
            default -> digits.matches("[-+]?(\\d+\\.?\\d*|\\.\\d+)(e[-+]?\\d+)?") ? Double.valueOf(digits) : otherwise;
        };
    }

    private static Object abs(Object value, Bound none) {
        return switch (value) {
            case Double number -> Math.abs(number);
            case Long number -> Math.absExact(number);
            case Boolean flag -> flag ? 1L : 0L;
            case null, default -> throw new TemplateException(
                    none.function() + "() wants a number, not " + Values.type(value));
        };
    }

    private static Object round(Object value, Bound bound) {
        if (!Numbers.isNumber(value)) {
            throw new TemplateException("round() wants a number, not " + Values.type(value));
        }
        int decimals = Math.clamp(bound.integer(0, 0), -MAX_DECIMALS, MAX_DECIMALS);
        RoundingMode mode = switch (bound.text(1, "common")) {
            case "common" -> RoundingMode.HALF_EVEN;
            case "ceil" -> RoundingMode.CEILING;
            case "floor" -> RoundingMode.FLOOR;
            case String other -> throw new TemplateException("round() knows no method '" + other + "'");
        };
        double number = Numbers.toDouble(value);
        if (Double.isNaN(number) || Double.isInfinite(number)) {
            return number;
        }
        double rounded = new BigDecimal(number).setScale(decimals, mode).doubleValue();
        boolean integer = mode == RoundingMode.HALF_EVEN && !(value instanceof Double);
        return integer ? (Object) (long) rounded : rounded;
    }
}
