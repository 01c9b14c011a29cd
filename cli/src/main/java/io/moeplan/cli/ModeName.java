package io.moeplan.cli;

import io.moeplan.engine.record.RecordingMode;
import io.moeplan.recording.Mode;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Recording modes by the names that manifests use. */
final class ModeName implements ITypeConverter<RecordingMode> {
    @Override
    public RecordingMode convert(String value) {
        try {
            return engine(Mode.ofLabel(value));
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    private static RecordingMode engine(Mode mode) {
        return switch (mode) {
            case STAT -> RecordingMode.STAT;
            case PER_PASS -> RecordingMode.PER_PASS;
            case PER_TOKEN -> RecordingMode.PER_TOKEN;
        };
    }

    static Mode recorded(RecordingMode mode) {
        return switch (mode) {
            case STAT -> Mode.STAT;
            case PER_PASS -> Mode.PER_PASS;
            case PER_TOKEN -> Mode.PER_TOKEN;
        };
    }
}
