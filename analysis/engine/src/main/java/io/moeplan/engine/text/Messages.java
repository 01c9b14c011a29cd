package io.moeplan.engine.text;

/** Other libraries' messages, made fit for one line of ours. */
final class Messages {
    private static final int MAX_LENGTH = 200;

    private Messages() {}

    static String oneLine(Throwable problem) {
        String message = problem.getMessage() == null ? problem.getClass().getSimpleName() : problem.getMessage();
        String line = message.strip().lines().findFirst().orElse("");
        return line.length() > MAX_LENGTH ? line.substring(0, MAX_LENGTH) + "..." : line;
    }
}
