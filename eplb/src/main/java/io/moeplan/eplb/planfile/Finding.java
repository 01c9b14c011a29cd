package io.moeplan.eplb.planfile;

/**
 * One thing that was looked at in a plan.
 *
 * @param text a line without an end: what holds, or what does not and where
 */
public record Finding(Status status, String text) {
    /** Whether it is as it should be. */
    public enum Status {
        HOLDS, FAILS,
        /** Not wrong, but worth knowing; or something that could not be looked at. */
        NOTE
    }

    static Finding holds(String text) {
        return new Finding(Status.HOLDS, text);
    }

    static Finding fails(String text) {
        return new Finding(Status.FAILS, text);
    }

    static Finding note(String text) {
        return new Finding(Status.NOTE, text);
    }
}
