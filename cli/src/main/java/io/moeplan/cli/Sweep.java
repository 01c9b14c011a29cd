package io.moeplan.cli;

import io.moeplan.eplb.SpareSlots;
import io.moeplan.eplb.compare.Slots;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What {@code --sweep redundant=0,16,32} or {@code --sweep slots-per-gpu=8,9} asks for, in the order given. */
sealed interface Sweep {
    Sweep NO_REDUNDANCY = new Redundant(List.of(0));

    /**
     * The slots to compare.
     *
     * @param spare what to do with slots that rounding up to whole slots per GPU adds; empty to refuse
     */
    List<Slots> slots(Optional<SpareSlots> spare);

    /** Replicas beyond one per expert, over all GPUs. */
    record Redundant(List<Integer> replicas) implements Sweep {
        @Override
        public List<Slots> slots(Optional<SpareSlots> spare) {
            return replicas.stream().<Slots>map(count -> new Slots.Redundant(count, spare)).toList();
        }
    }

    /** Experts that a GPU holds. */
    record PerGpu(List<Integer> counts) implements Sweep {
        @Override
        public List<Slots> slots(Optional<SpareSlots> spare) {
            return counts.stream().<Slots>map(Slots.PerGpu::new).toList();
        }
    }

    /** Reads the option's value. */
    final class Reader implements ITypeConverter<Sweep> {
        private static final Pattern FORM = Pattern.compile("(redundant|slots-per-gpu)=(\\d{1,6}(?:,\\d{1,6})*)");

        @Override
        public Sweep convert(String value) {
            var form = FORM.matcher(value);
            if (!form.matches()) {
                throw new TypeConversionException(
                        "'" + value + "' is no sweep such as redundant=0,16,32 or slots-per-gpu=8,9");
            }
            List<Integer> numbers = Arrays.stream(form.group(2).split(",", -1)).map(Integer::valueOf).toList();
            return form.group(1).equals("redundant") ? new Redundant(numbers) : new PerGpu(numbers);
        }
    }
}
