package io.moeplan.eplb.traffic;

/** Which rank the tokens of a request come from. */
@FunctionalInterface
public interface TokenSources {
    /** Any rank that holds an expert of the layer, all equally likely. */
    int ANY = -1;

    /** The rank that request {@code request} (an index) runs on, or {@link #ANY}. */
    int rank(int request);

    /** Nobody knows: every rank that holds an expert is equally likely, and figures are means over these. */
    static TokenSources even() {
        return request -> ANY;
    }

    /** Request i runs on rank {@code i mod ranks}. */
    static TokenSources roundRobin(int ranks) {
        return request -> request % ranks;
    }
}
