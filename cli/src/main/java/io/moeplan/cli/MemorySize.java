package io.moeplan.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads sizes in bytes as people write them: {@code 64M}, {@code 1.5G}, {@code 16GiB}; units are powers of 1024. */
final class MemorySize implements ITypeConverter<Long> {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,15}(?:\\.\\d{1,6})?)([KMGT]?)(?:I?B)?");

    @Override
    public Long convert(String value) {
        Matcher size = SIZE.matcher(value.strip().toUpperCase(Locale.ROOT));
        if (!size.matches()) {
            throw new TypeConversionException("'" + value + "' is not a size such as 64M or 16G");
        }
        double bytes = Double.parseDouble(size.group(1)) * unit(size.group(2));
        if (bytes < 1 || bytes > Long.MAX_VALUE) {
            throw new TypeConversionException("'" + value + "' is out of range");
        }
        return (long) bytes;
    }

    private static double unit(String letter) {
        return switch (letter) {
            case "K" -> 1L << 10;
            case "M" -> 1L << 20;
            case "G" -> 1L << 30;
            case "T" -> 1L << 40;
            default -> 1;
        };
    }
}
