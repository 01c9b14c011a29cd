package io.moeplan.recording;

/** The checks that the manifest's records share. */
final class Checks {
    private Checks() {}

    /** @throws IllegalArgumentException if {@code text} is null or blank */
    static void text(String name, String text) {
        if (text == null || text.isBlank()) {
            throw new IllegalArgumentException(name + " is missing");
        }
    }

    /** @throws IllegalArgumentException if {@code value} lies outside {@code [least, most]} */
    static void range(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " is " + value + ", expected " + least + " to " + most);
        }
    }
}
