package io.moeplan.engine.workload;

import java.io.Closeable;
import java.io.IOException;

/** The requests of a workload, read one after the other. */
interface Drafts extends Closeable {
    /** The next request, or null after the last. */
    Draft next() throws IOException;

    /** How many entries were left out so far. */
    int skipped();
}
