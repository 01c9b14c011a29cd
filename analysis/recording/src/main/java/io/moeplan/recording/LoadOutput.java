package io.moeplan.recording;

import java.io.Closeable;
import java.io.IOException;

/** The file that a recording's loads go to, whichever it is. */
sealed interface LoadOutput extends Closeable permits TokenOutput, StepOutput {
    /** Writes what is pending as one batch. */
    void write() throws IOException;

    /** Tokens that are safely in the file. */
    long tokens();

    ArrowFileOutput file();
}
