package io.moeplan.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number of 0 or more. */
final class NotNegative implements ITypeConverter<Double> {
    @Override
    public Double convert(String value) {
        try {
            double number = Double.parseDouble(value);
            if (number >= 0 && number <= Double.MAX_VALUE) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + value + "' is not a number");
        }
        throw new TypeConversionException("use 0 or more, not " + value);
    }
}
