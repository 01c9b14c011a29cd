package io.moeplan.engine.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Python's operators, of numbers ({@link Numbers}), texts, lists, tuples and dicts. */
final class Operators {
    private final Budget budget;

    Operators(Budget budget) {
        this.budget = budget;
    }

    /** {@code left operator right}, where the operator is one of {@code + - * / // % **}. */
    Object arithmetic(String operator, Object left, Object right) {
        refuseUndefined(left);
        refuseUndefined(right);
        if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
            return Numbers.apply(operator, left, right);
        }
        return switch (operator) {
            case "+" -> add(left, right);
            case "*" -> multiply(left, right);
            case "%" -> {
                if (left instanceof String format) {
                    yield PercentFormat.format(format, right, budget);
                }
                throw unsupported(operator, left, right);
            }
            default -> throw unsupported(operator, left, right);
        };
    }

    private static void refuseUndefined(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
    }

    private static TemplateException unsupported(String operator, Object left, Object right) {
        return new TemplateException("unsupported operand type(s) for " + operator + ": '" + Values.type(left)
                + "' and '" + Values.type(right) + "'");
    }

    private Object add(Object left, Object right) {
        if (left instanceof String a) {
            if (right instanceof String b) {
                budget.text((long) a.length() + b.length());
                return a + b;
            }
            throw new TemplateException("can only concatenate str (not \"" + Values.type(right) + "\") to str");
        }
        if (left instanceof List<?> a && right instanceof List<?> b
                && left instanceof Tuple == right instanceof Tuple) {
            budget.items((long) a.size() + b.size());
            List<Object> both = new ArrayList<>(a);
            both.addAll(b);
            return left instanceof Tuple ? new Tuple(both) : both;
        }
        throw unsupported("+", left, right);
    }

    private Object multiply(Object left, Object right) {
        if (Numbers.isInteger(left) && !Numbers.isNumber(right)) {
            return multiply(right, left);
        }
        if (Numbers.isInteger(right) && left instanceof String text) {
            return repeat(text, Numbers.toLong(right));
        }
        if (Numbers.isInteger(right) && left instanceof List<?> list) {
            long times = Math.max(0, Numbers.toLong(right));
            budget.items(times > Budget.MAX_ITEMS ? times : times * list.size());
            List<Object> items = new ArrayList<>();
            for (long i = 0; i < times && !list.isEmpty(); i++) {
                items.addAll(list);
            }
            return left instanceof Tuple ? new Tuple(items) : items;
        }
        throw unsupported("*", left, right);
    }

    private String repeat(String text, long times) {
        if (times <= 0 || text.isEmpty()) {
            return "";
        }
        budget.text(times > Budget.MAX_TEXT ? times : times * text.length());
        return text.repeat((int) times);
    }

    /** {@code -value} or {@code +value}. */
    Object sign(Object value, boolean negative) {
        refuseUndefined(value);
        if (value instanceof Double number) {
            return negative ? -number : number;
        }
        if (!Numbers.isInteger(value)) {
            throw new TemplateException(
                    "bad operand type for unary " + (negative ? "-" : "+") + ": '" + Values.type(value) + "'");
        }
        return Numbers.apply(negative ? "-" : "+", 0L, value);
    }

    /** {@code left operator right}, where the operator is one of {@code == != < <= > >=}, {@code in} and {@code not in}. */
    boolean compare(String operator, Object left, Object right) {
        return switch (operator) {
            case "==" -> equal(left, right);
            case "!=" -> !equal(left, right);
            case "in" -> contains(right, left);
            case "not in" -> !contains(right, left);
            case "<" -> order(operator, left, right) < 0;
            case "<=" -> order(operator, left, right) <= 0;
            case ">" -> order(operator, left, right) > 0;
            case ">=" -> order(operator, left, right) >= 0;
            default -> throw new IllegalStateException(operator);
        };
    }

    boolean equal(Object left, Object right) {
        budget.enter();
        budget.step();
        boolean equal = switch (left) {
            case null -> right == null;
            case String a -> right instanceof String b && sameText(a, b);
            case Undefined _ -> right instanceof Undefined;
            case Long a when right instanceof Long b -> a.longValue() == b.longValue();
            case List<?> a -> right instanceof List<?> b && sameKind(a, b) && sameItems(a, b);
            case Map<?, ?> a -> right instanceof Map<?, ?> b && sameEntries(a, b);
            default -> sameNumber(left, right) || left.equals(right);
        };
        budget.leave();
        return equal;
    }

    private static boolean sameNumber(Object left, Object right) {
        return Numbers.isNumber(left) && Numbers.isNumber(right) && Numbers.toDouble(left) == Numbers.toDouble(right);
    }

    private boolean sameText(String a, String b) {
        budget.text(Math.min(a.length(), b.length()));
        return a.equals(b);
    }

    /** A list never goes with a tuple. */
    private static boolean sameKind(List<?> a, List<?> b) {
        return (a instanceof Tuple) == (b instanceof Tuple);
    }

    private boolean sameItems(List<?> a, List<?> b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (int i = 0; i < a.size(); i++) {
            if (!equal(a.get(i), b.get(i))) {
                return false;
            }
        }
        return true;
    }

    private boolean sameEntries(Map<?, ?> a, Map<?, ?> b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (Map.Entry<?, ?> entry : a.entrySet()) {
            if (!b.containsKey(entry.getKey()) || !equal(entry.getValue(), b.get(entry.getKey()))) {
                return false;
            }
        }
        return true;
    }

    private boolean contains(Object container, Object item) {
        return switch (container) {
            case String text -> {
                if (!(item instanceof String part)) {
                    throw new TemplateException(
                            "'in <string>' requires string as left operand, not " + Values.type(item));
                }
                budget.text(text.length());
                yield text.contains(part);
            }
            case Map<?, ?> map -> map.containsKey(Values.key(item));
            case List<?> list -> indexOf(list, item) >= 0;
            case Undefined _ -> false;
            case null -> throw notIterable(null);
            case Object other -> throw notIterable(other);
        };
    }

    private static TemplateException notIterable(Object value) {
        return new TemplateException("argument of type '" + Values.type(value) + "' is not iterable");
    }

    /** The first item that equals this one, or -1. */
    int indexOf(List<?> list, Object item) {
        for (int i = 0; i < list.size(); i++) {
            if (equal(list.get(i), item)) {
                return i;
            }
        }
        return -1;
    }

    /** Negative, zero or positive as {@code left} sorts before, with or after {@code right}. */
    int order(String operator, Object left, Object right) {
        refuseUndefined(left);
        refuseUndefined(right);
        budget.step();
        if (left instanceof Long a && right instanceof Long b) {
            return Long.compare(a, b);
        }
        if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
            return Double.compare(Numbers.toDouble(left), Numbers.toDouble(right));
        }
        if (left instanceof String a && right instanceof String b) {
            budget.text(Math.min(a.length(), b.length()));
            return a.compareTo(b);
        }
        if (left instanceof List<?> a && right instanceof List<?> b) {
            return orderLists(operator, a, b);
        }
        throw new TemplateException("'" + operator + "' not supported between instances of '" + Values.type(left)
                + "' and '" + Values.type(right) + "'");
    }

    private int orderLists(String operator, List<?> a, List<?> b) {
        budget.enter();
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            if (!equal(a.get(i), b.get(i))) {
                int order = order(operator, a.get(i), b.get(i));
                budget.leave();
                return order;
            }
        }
        budget.leave();
        return Integer.compare(a.size(), b.size());
    }
}
