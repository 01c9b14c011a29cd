package io.moeplan.cli;

import io.moeplan.eplb.planner.Planner;
import io.moeplan.eplb.planner.Planners;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A planner by its name. */
final class PlannerName implements ITypeConverter<Planner> {
    @Override
    public Planner convert(String value) {
        try {
            return Planners.named(value);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
