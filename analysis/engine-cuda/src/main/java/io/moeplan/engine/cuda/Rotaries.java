package io.moeplan.engine.cuda;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.Launcher;
import io.moeplan.engine.model.Rope;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;

/** Cosines and sines of the rotations of a model, {@code [positions][pairs][2]} for each. */
final class Rotaries implements AutoCloseable {
    private final Cuda cuda;
    private final Launcher launcher;
    private final int positions;
    private final Map<Rope, DeviceBuffer> tables = new HashMap<>();

    Rotaries(Cuda cuda, Launcher launcher, int positions) {
        this.cuda = cuda;
        this.launcher = launcher;
        this.positions = positions;
    }

    int positions() {
        return positions;
    }

    /** The address of a rotation's table. */
    long table(Rope rope) {
        return tables.computeIfAbsent(rope, this::make).address();
    }

    private DeviceBuffer make(Rope rope) {
        int pairs = rope.frequencies().length;
        DeviceBuffer table = new DeviceBuffer(cuda, 8L * pairs * positions);
        try (Arena arena = Arena.ofConfined(); DeviceBuffer frequencies = new DeviceBuffer(cuda, 4L * pairs)) {
            MemorySegment values = arena.allocateFrom(ValueLayout.JAVA_FLOAT, rope.frequencies());
            frequencies.write(launcher.stream(), 0, values);
            launcher.rows("rope_table", "rope_table", positions, 64, table, frequencies, pairs, rope.magnitude());
            launcher.stream().synchronize();
        }
        return table;
    }

    @Override
    public void close() {
        tables.values().forEach(DeviceBuffer::close);
        tables.clear();
    }
}
