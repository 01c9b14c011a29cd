package io.moeplan.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A whole number of 1 or more. */
final class AtLeastOne implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
        try {
            int number = Integer.parseInt(value);
            if (number >= 1) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + value + "' is not a whole number up to " + Integer.MAX_VALUE);
        }
        throw new TypeConversionException("use 1 or more, not " + value);
    }
}
