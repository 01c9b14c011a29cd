package io.moeplan.engine.jinja;

import java.util.List;
import java.util.Set;
import java.util.StringJoiner;

/** The methods of texts. */
final class StringMethods {
    private static final Set<String> NAMES = Set.of("strip", "lstrip", "rstrip", "split", "rsplit", "splitlines",
            "partition", "rpartition", "startswith", "endswith", "removeprefix", "removesuffix", "replace", "join",
            "find", "rfind", "index", "rindex", "count", "format", "upper", "lower", "casefold", "title", "capitalize",
            "swapcase", "center", "ljust", "rjust", "zfill", "isalpha", "isdigit", "isdecimal", "isnumeric", "isalnum",
            "isspace", "isupper", "islower", "isascii");

    private final Budget budget;

    StringMethods(Budget budget) {
        this.budget = budget;
    }

    /** A method bound to its text, or null if there is none of that name. */
    Callable method(String self, String name) {
        return NAMES.contains(name) ? arguments -> call(self, name, arguments) : null;
    }

    private Object call(String self, String name, Arguments arguments) {
        budget.text(self.length());
        return switch (name) {
            case "strip", "lstrip", "rstrip" -> strip(self, name, arguments.bind(name, 0, "chars"));
            case "split" -> split(self, arguments.bind(name, 0, "sep", "maxsplit"), false);
            case "rsplit" -> split(self, arguments.bind(name, 0, "sep", "maxsplit"), true);
            case "splitlines" -> Splitting.lines(self, arguments.bind(name, 0, "keepends").flag(0, false));
            case "partition", "rpartition" -> partition(self, arguments.bind(name, 1, "sep").text(0),
                    name.equals("partition"));
            case "startswith", "endswith" -> affix(self, name, arguments.bind(name, 1, "affix").value(0, null));
            case "removeprefix" -> {
                String prefix = arguments.bind(name, 1, "prefix").text(0);
                yield self.startsWith(prefix) ? self.substring(prefix.length()) : self;
            }
            case "removesuffix" -> {
                String suffix = arguments.bind(name, 1, "suffix").text(0);
                yield self.endsWith(suffix) ? self.substring(0, self.length() - suffix.length()) : self;
            }
            case "replace" -> {
                Bound bound = arguments.bind(name, 2, "old", "new", "count");
                yield replace(self, bound.text(0), bound.text(1), bound.integer(2, -1), budget);
            }
            case "join" -> join(self, arguments.bind(name, 1, "iterable").value(0, null));
            case "find", "rfind", "index", "rindex" -> find(self, name, arguments.bind(name, 1, "sub").text(0));
            case "count" -> count(self, arguments.bind(name, 1, "sub").text(0));
            case "format" -> BraceFormat.format(self, arguments, budget);
            case "center", "ljust", "rjust" -> pad(self, name, arguments.bind(name, 1, "width", "fillchar"));
            case "zfill" -> zeroFill(self, arguments.bind(name, 1, "width").integer(0, 0));
            default -> {
                arguments.bind(name, 0);
                yield name.startsWith("is") ? (Object) Letters.is(self, name) : Letters.convert(self, name);
            }
        };
    }

    private static String strip(String self, String name, Bound bound) {
        String chars = bound.text(0);
        String left = name.equals("rstrip") ? self : chars == null ? Chars.lstrip(self) : Chars.lstrip(self, chars);
        return name.equals("lstrip") ? left : chars == null ? Chars.rstrip(left) : Chars.rstrip(left, chars);
    }

    private static List<Object> split(String self, Bound bound, boolean fromRight) {
        String separator = bound.text(0);
        int most = bound.integer(1, -1);
        if (separator == null) {
            return Splitting.atSpace(self, most, fromRight);
        }
        if (separator.isEmpty()) {
            throw new TemplateException("empty separator");
        }
        return Splitting.at(self, separator, most, fromRight);
    }

    private static Tuple partition(String self, String separator, boolean first) {
        int at = first ? self.indexOf(separator) : self.lastIndexOf(separator);
        if (at < 0) {
            return first ? Tuple.of(self, "", "") : Tuple.of("", "", self);
        }
        return Tuple.of(self.substring(0, at), separator, self.substring(at + separator.length()));
    }

    private static boolean affix(String self, String name, Object affix) {
        return switch (affix) {
            case String text -> name.equals("startswith") ? self.startsWith(text) : self.endsWith(text);
            case Tuple tuple -> tuple.stream().anyMatch(one -> affix(self, name, one));
            case null, default -> throw new TemplateException(
                    name + " first arg must be str or a tuple of str, not " + Values.type(affix));
        };
    }

    static String replace(String self, String old, String with, int most, Budget budget) {
        StringBuilder out = new StringBuilder();
        int from = 0;
        int next = self.indexOf(old);
        for (int i = 0; next >= 0 && (most < 0 || i < most); i++) {
            out.append(self, from, next).append(with);
            budget.text(out.length() > Budget.MAX_TEXT ? out.length() : with.length());
            from = next + old.length();
            if (old.isEmpty() && next == self.length()) {
                return out.toString();
            }
            next = self.indexOf(old, old.isEmpty() ? from + 1 : from);
        }
        return out.append(self, Math.min(from, self.length()), self.length()).toString();
    }

    private String join(String self, Object iterable) {
        StringJoiner joiner = new StringJoiner(self);
        for (Object item : Values.iterate(iterable, budget)) {
            if (!(item instanceof String text)) {
                throw new TemplateException("join() wants texts, found " + Values.type(item));
            }
            joiner.add(text);
            budget.text((long) self.length() + text.length());
            budget.text(joiner.length() > Budget.MAX_TEXT ? joiner.length() : 0);
        }
        return joiner.toString();
    }

    private static Long find(String self, String name, String part) {
        int at = name.startsWith("r") ? self.lastIndexOf(part) : self.indexOf(part);
        if (at < 0 && name.endsWith("index")) {
            throw new TemplateException("substring not found");
        }
        return at < 0 ? -1L : (long) self.codePointCount(0, at);
    }

    private static Long count(String self, String part) {
        if (part.isEmpty()) {
            return Chars.length(self) + 1L;
        }
        long count = 0;
        for (int at = self.indexOf(part); at >= 0; at = self.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    private String pad(String self, String name, Bound bound) {
        int missing = bound.integer(0, 0) - Chars.length(self);
        if (missing <= 0) {
            return self;
        }
        budget.text(missing);
        String fill = bound.text(1, " ");
        int left = switch (name) {
            case "ljust" -> 0;
            case "rjust" -> missing;
            default -> missing / 2 + (missing & bound.integer(0, 0) & 1);
        };
        return fill.repeat(left) + self + fill.repeat(missing - left);
    }

    private String zeroFill(String self, int width) {
        int missing = width - Chars.length(self);
        if (missing <= 0) {
            return self;
        }
        budget.text(missing);
        boolean signed = self.startsWith("-") || self.startsWith("+");
        return (signed ? self.substring(0, 1) : "") + "0".repeat(missing) + (signed ? self.substring(1) : self);
    }
}
