package io.moeplan.recording.imports;

/** Hears how far an import is. */
@FunctionalInterface
public interface ImportProgress {
    /** Nobody listens. */
    ImportProgress NONE = share -> {};

    /** A share of the work is done, from 0 to 1. */
    void done(double share);
}
