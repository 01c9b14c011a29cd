package io.moeplan.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:N}. */
final class DeviceName implements ITypeConverter<DeviceName.Choice> {
    private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,4}))?");

    /** What runs the model. */
    sealed interface Choice {
        /** The first GPU if it can, else the CPU. */
        record Auto() implements Choice {}

        record Cpu() implements Choice {}

        /**
         * A GPU or nothing.
         *
         * @param number which one, from 0
         */
        record Cuda(int number) implements Choice {}
    }

    @Override
    public Choice convert(String value) {
        String name = value.toLowerCase(Locale.ROOT);
        Matcher cuda = CUDA.matcher(name);
        if (cuda.matches()) {
            return new Choice.Cuda(cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1)));
        }
        return switch (name) {
            case "auto" -> new Choice.Auto();
            case "cpu" -> new Choice.Cpu();
            default -> throw new TypeConversionException("'" + value + "' is not auto, cpu, cuda or cuda:N");
        };
    }
}
