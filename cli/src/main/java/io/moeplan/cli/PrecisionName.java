package io.moeplan.cli;

import io.moeplan.engine.gemm.Precision;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code auto}, which is empty, {@code fp32}, {@code bf16} or {@code fp16}. */
final class PrecisionName implements ITypeConverter<PrecisionName.Choice> {
    /** Optional itself is a type that picocli treats on its own. */
    record Choice(Optional<Precision> precision) {}

    @Override
    public Choice convert(String value) {
        if (value.equalsIgnoreCase("auto")) {
            return new Choice(Optional.empty());
        }
        return Arrays.stream(Precision.values())
                .filter(precision -> precision.name().toLowerCase(Locale.ROOT).equals(value.toLowerCase(Locale.ROOT)))
                .findFirst().map(precision -> new Choice(Optional.of(precision)))
                .orElseThrow(() -> new TypeConversionException("'" + value + "' is not auto, fp32, bf16 or fp16"));
    }
}
