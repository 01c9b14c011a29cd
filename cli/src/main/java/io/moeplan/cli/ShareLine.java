package io.moeplan.cli;

import java.io.PrintStream;
import java.util.Locale;

/** The share of a job that is done, drawn over again on the terminal; nothing where stderr is no terminal. */
final class ShareLine implements AutoCloseable {
    /** Carriage return, and erase to the end of the line (ECMA-48 EL). */
    private static final String REDRAW = "\r\u001b[K";

    private final PrintStream terminal;
    private int drawn = -1;

    /** The launcher knows whether stderr is a terminal, and says so in a property. */
    ShareLine() {
        this.terminal = Boolean.getBoolean("moeplan.terminal") ? System.err : null;
    }

    void update(double share) {
        int percent = (int) (100 * share);
        if (terminal != null && percent != drawn) {
            terminal.print(REDRAW + String.format(Locale.ROOT, "%d %%", percent));
            terminal.flush();
            drawn = percent;
        }
    }

    @Override
    public void close() {
        if (drawn >= 0) {
            terminal.print(REDRAW);
            terminal.flush();
        }
    }
}
