package io.moeplan.eplb.traffic;

/** Which rank the tokens of a request come from. */
@FunctionalInterface
public interface TokenSources {
    /** Any rank, all equally likely. */
    int ANY = -1;

    /** The rank that request {@code request} (an index) runs on, or {@link #ANY}. */
    int rank(int request);

    /** Nobody knows: every rank is equally likely, and figures are means over all. */
    static TokenSources even() {
        return request -> ANY;
    }

    /** Request i runs on rank {@code i mod ranks}. */
    static TokenSources roundRobin(int ranks) {
        return request -> request % ranks;
    }
}
