package io.moeplan.cli;

import io.moeplan.recording.imports.SourceFormat;
import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Import sources by their names. */
final class SourceName implements ITypeConverter<SourceFormat> {
    @Override
    public SourceFormat convert(String value) {
        return SourceFormat.ofLabel(value).orElseThrow(() -> new TypeConversionException("'" + value + "' is none of "
                + Arrays.stream(SourceFormat.values()).map(SourceFormat::label).collect(Collectors.joining(", "))));
    }
}
