package io.moeplan.cli;

import io.moeplan.eplb.judge.Verdicts;
import java.util.OptionalDouble;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The imbalance up to which nothing is to be gained. */
final class DeadZoneOption {
    @Option(names = "--dead-zone", paramLabel = "R", converter = Ratio.class,
            description = "Max/mean of the GPU loads up to which imbalance costs no time, as calibrate measures it:"
                    + " gains are counted from there, and a search is content with a layer that is there. Default: "
                    + Verdicts.DEAD_ZONE + ", and searching on.")
    private Double ratio;

    /** What verdicts count gains from. */
    double ratio() {
        return ratio == null ? Verdicts.DEAD_ZONE : ratio;
    }

    /** The ratio if it was given: what searches may stop at. */
    OptionalDouble asked() {
        return ratio == null ? OptionalDouble.empty() : OptionalDouble.of(ratio);
    }

    private static final class Ratio implements ITypeConverter<Double> {
        @Override
        public Double convert(String value) {
            double ratio;
            try {
                ratio = Double.parseDouble(value);
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + value + "' is not a number");
            }
            if (!(ratio >= 1 && ratio <= Double.MAX_VALUE)) {
                throw new TypeConversionException(value + " is no max/mean: use 1 or more, such as 1.05");
            }
            return ratio;
        }
    }
}
