package io.moeplan.engine.workload;

import java.nio.file.Path;

/**
 * A place in a workload.
 *
 * @param unit
 *            {@code line} or {@code entry}, or null for a whole file
 * @param number
 *            one-based
 */
record Place(Path file, String unit, long number) {
    static Place of(Path file) {
        return new Place(file, null, 0);
    }

    WorkloadException error(String problem) {
        return new WorkloadException(this + ": " + problem);
    }

    WorkloadException error(String problem, Throwable cause) {
        return new WorkloadException(this + ": " + problem, cause);
    }

    /** What a request is called that has no id of its own. */
    String id() {
        return unit == null ? file.getFileName().toString() : unit + "-" + number;
    }

    @Override
    public String toString() {
        return unit == null ? file.toString() : file + " " + unit + " " + number;
    }
}
