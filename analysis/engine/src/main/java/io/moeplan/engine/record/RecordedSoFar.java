package io.moeplan.engine.record;

/**
 * What a recording that is continued holds already.
 *
 * @param requests requests all of whose tokens it holds; the run continues with the one after them
 * @param steps    steps it holds
 * @param tokens   tokens of the next request that these steps count already
 */
public record RecordedSoFar(int requests, long steps, int tokens) {
    public static final RecordedSoFar NOTHING = new RecordedSoFar(0, 0, 0);
}
