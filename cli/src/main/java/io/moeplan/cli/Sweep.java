package io.moeplan.cli;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * What {@code --sweep redundant=0,16,32} asks for.
 *
 * @param redundant each once, in the order given
 */
record Sweep(List<Integer> redundant) {
    static final Sweep NO_REDUNDANCY = new Sweep(List.of(0));

    /** Reads the option's value. */
    static final class Reader implements ITypeConverter<Sweep> {
        private static final Pattern FORM = Pattern.compile("redundant=(\\d{1,6}(?:,\\d{1,6})*)");

        @Override
        public Sweep convert(String value) {
            var form = FORM.matcher(value);
            if (!form.matches()) {
                throw new TypeConversionException("'" + value + "' is no sweep such as redundant=0,16,32");
            }
            return new Sweep(Arrays.stream(form.group(1).split(",", -1)).map(Integer::valueOf).distinct().toList());
        }
    }
}
