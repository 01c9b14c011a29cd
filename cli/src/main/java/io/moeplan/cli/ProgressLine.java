package io.moeplan.cli;

import io.moeplan.engine.GenerationProgress;
import io.moeplan.engine.Progress;
import java.io.PrintStream;
import java.util.Locale;

/** One line on the terminal that is drawn over again while work goes on; nothing where stderr is no terminal. */
final class ProgressLine implements Progress.Listener, AutoCloseable {
    private static final int BAR = 20;
    private static final int WIDTH = 79;
    /** Carriage return, and erase to the end of the line (ECMA-48 EL). */
    private static final String REDRAW = "\r\u001b[K";

    private final PrintStream terminal;
    private boolean drawn;

    private ProgressLine(PrintStream terminal) {
        this.terminal = terminal;
    }

    /** The launcher knows whether stderr is a terminal, and says so in a property. */
    static ProgressLine onStderr() {
        return on(Boolean.getBoolean("moeplan.terminal") ? System.err : null);
    }

    /** @param terminal where to draw; null for nowhere */
    static ProgressLine on(PrintStream terminal) {
        return new ProgressLine(terminal);
    }

    @Override
    public void update(Progress progress) {
        update(render(progress));
    }

    /** Draws the line anew; cut where a usual terminal would break it. */
    void update(String text) {
        if (terminal == null) {
            return;
        }
        terminal.print(REDRAW + text.substring(0, Math.min(text.length(), WIDTH)));
        terminal.flush();
        drawn = true;
    }

    /** Prints a line that stays, above the one that is drawn over. */
    void print(String text) {
        if (terminal != null) {
            terminal.print(REDRAW + text + '\n');
            terminal.flush();
            drawn = false;
        }
    }

    /** As {@link #update(Progress)} while responses are generated. */
    void update(GenerationProgress progress) {
        update(render(progress));
    }

    /** For example {@code generating: 12 of 240 responses, 64 in the batch, 3,210 tokens, 812 tokens/s}. */
    static String render(GenerationProgress progress) {
        return String.format(Locale.ROOT,
                "generating: %,d of %,d responses, %,d in the batch, %,d tokens, %,.0f tokens/s",
                progress.finished(), progress.requests(), progress.running(), progress.tokens(),
                progress.tokensPerSecond());
    }

    /** For example {@code [########            ] layer 3/6, wave 1/2, 5,210 tokens/s, 0:12 left}. */
    static String render(Progress progress) {
        String wave = progress.waves() > 1 ? String.format(", wave %d/%d", progress.wave(), progress.waves()) : "";
        return String.format(Locale.ROOT, "%s layer %d/%d%s, %,.0f tokens/s, %s left", bar(progress.fraction()),
                progress.layer(),
                progress.layers(), wave, progress.tokensPerSecond(), time(progress.secondsLeft()));
    }

    /** For example {@code [########            ]}. */
    static String bar(double fraction) {
        int full = (int) (fraction * BAR);
        return "[" + "#".repeat(full) + " ".repeat(BAR - full) + "]";
    }

    static String time(double seconds) {
        if (!Double.isFinite(seconds)) {
            return "?";
        }
        long whole = Math.round(seconds);
        return whole >= 3600
                ? String.format("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
                : String.format("%d:%02d", whole / 60, whole % 60);
    }

    @Override
    public void close() {
        if (drawn) {
            terminal.print(REDRAW);
            terminal.flush();
        }
    }
}
