package io.moeplan.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Values of options where picocli speaks of Java's types, or takes nothing for the working directory. */
final class PlainWords {
    private PlainWords() {}

    static void register(CommandLine commands) {
        commands.registerConverter(double.class, number(Double::valueOf, "a number"));
        commands.registerConverter(Double.class, number(Double::valueOf, "a number"));
        commands.registerConverter(int.class, number(Integer::valueOf, "a whole number"));
        commands.registerConverter(Integer.class, number(Integer::valueOf, "a whole number"));
        commands.registerConverter(long.class, number(Long::valueOf, "a whole number"));
        commands.registerConverter(Long.class, number(Long::valueOf, "a whole number"));
        commands.registerConverter(Path.class, PlainWords::path);
    }

    private static <N> ITypeConverter<N> number(Function<String, N> parse, String kind) {
        return value -> {
            try {
                return parse.apply(value);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + value + "' is not " + kind + ", or out of range");
            }
        };
    }

    private static Path path(String value) {
        if (value.isEmpty()) {
            throw new TypeConversionException("it is empty; name a file or folder");
        }
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new TypeConversionException("'" + value + "' is no name of a file: " + e.getReason());
        }
    }
}
