package io.moeplan.cli;

import io.moeplan.engine.gemm.Precision;
import java.util.Arrays;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code auto}, which is empty, or a {@link Precision}. */
final class PrecisionName implements ITypeConverter<PrecisionName.Choice> {
    /** Optional itself is a type that picocli treats on its own. */
    record Choice(Optional<Precision> precision) {}

    @Override
    public Choice convert(String value) {
        if (value.equalsIgnoreCase("auto")) {
            return new Choice(Optional.empty());
        }
        return Arrays.stream(Precision.values())
                .filter(precision -> precision.label().equalsIgnoreCase(value))
                .findFirst().map(precision -> new Choice(Optional.of(precision)))
                .orElseThrow(() -> new TypeConversionException("'" + value + "' is not auto, fp32, bf16, fp16 or fp8"));
    }
}
