package io.moeplan.recording.imports;

import java.io.Closeable;

/** A dump that is open. */
sealed interface LoadSource extends Closeable permits StepSource, TokenSource {
    /** What the recording calls its model. */
    String name();

    SourceFormat format();
}
