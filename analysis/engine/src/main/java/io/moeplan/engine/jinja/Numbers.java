package io.moeplan.engine.jinja;

import java.math.BigInteger;

/** Python's numbers and their arithmetic: integers ({@code Long}, and {@code Boolean} as Python has it) and {@code Double}. */
final class Numbers {
    private Numbers() {}

    static boolean isNumber(Object value) {
        return value instanceof Long || value instanceof Double || value instanceof Boolean;
    }

    static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof Boolean;
    }

    /** An integer, true being 1. */
    static long toLong(Object integer) {
        return integer instanceof Boolean flag ? flag ? 1 : 0 : (Long) integer;
    }

    /** Any number, rounded to the nearest where it is an integer that needs more than 53 bits. */
    static double toDouble(Object number) {
        return number instanceof Double value ? value : (double) toLong(number);
    }

    /**
     * {@code left operator right} of two numbers, where the operator is one of {@code + - * / // % **}.
     *
     * @throws TemplateException if it divides by zero or an integer result takes more than 64 bits
     */
    static Object apply(String operator, Object left, Object right) {
        if (isInteger(left) && isInteger(right) && !operator.equals("/")) {
            try {
                return integers(operator, toLong(left), toLong(right));
            } catch (ArithmeticException e) {
                throw new TemplateException("integer arithmetic beyond 64 bits");
            }
        }
        return floats(operator, toDouble(left), toDouble(right));
    }

    private static Object integers(String operator, long a, long b) {
        return switch (operator) {
            case "+" -> Math.addExact(a, b);
            case "-" -> Math.subtractExact(a, b);
            case "*" -> Math.multiplyExact(a, b);
            case "//" -> Math.floorDivExact(a, nonZero(b));
            case "%" -> Math.floorMod(a, nonZero(b));
            case "**" -> power(a, b);
            default -> throw new IllegalStateException(operator);
        };
    }

    private static long nonZero(long divisor) {
        if (divisor == 0) {
            throw new TemplateException("integer division or modulo by zero");
        }
        return divisor;
    }

    private static Object power(long base, long exponent) {
        if (exponent < 0) {
            return floats("**", (double) base, (double) exponent);
        }
        if (exponent > Long.SIZE && Math.abs(base) > 1) {
            throw new ArithmeticException();
        }
        return Math.abs(base) > 1
                ? Long.valueOf(BigInteger.valueOf(base).pow((int) exponent).longValueExact())
                : exponent == 0 ? 1L : base == -1 && exponent % 2 == 0 ? 1L : base;
    }

    private static Object floats(String operator, double a, double b) {
        if (b == 0 && (operator.endsWith("/") || operator.equals("%"))) {
            throw new TemplateException("float division by zero");
        }
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / b;
            case "//" -> Math.floor(a / b);
            case "%" -> a - Math.floor(a / b) * b;
            case "**" -> Math.pow(a, b);
            default -> throw new IllegalStateException(operator);
        };
    }
}
