package io.moeplan.cli;

import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Import sources by their names. */
final class SourceName implements ITypeConverter<ImportCommand.Source> {
    @Override
    public ImportCommand.Source convert(String value) {
        return Arrays.stream(ImportCommand.Source.values()).filter(source -> source.toString().equals(value)).findAny()
                .orElseThrow(() -> new TypeConversionException("'" + value + "' is none of " + Arrays
                        .stream(ImportCommand.Source.values()).map(Object::toString)
                        .collect(Collectors.joining(", "))));
    }
}
