package io.moeplan.eplb.replay;

import java.util.Arrays;

/** What runs in one step: runs of neighbouring tokens of a request on a rank, 16 bytes each. */
final class Slices {
    private static final int FIELDS = 4;

    private int[] fields = new int[0];
    private int size;

    /**
     * @param request index of the request in the trace
     * @param from    position of the first token in the request
     * @param tokens  how many
     */
    void add(int rank, int request, int from, int tokens) {
        int at = size * FIELDS;
        if (at == fields.length) {
            fields = Arrays.copyOf(fields, 2 * fields.length + 4 * FIELDS);
        }
        fields[at] = rank;
        fields[at + 1] = request;
        fields[at + 2] = from;
        fields[at + 3] = tokens;
        size++;
    }

    void trim() {
        fields = Arrays.copyOf(fields, size * FIELDS);
    }

    int size() {
        return size;
    }

    int rank(int slice) {
        return fields[slice * FIELDS];
    }

    int request(int slice) {
        return fields[slice * FIELDS + 1];
    }

    int from(int slice) {
        return fields[slice * FIELDS + 2];
    }

    int tokens(int slice) {
        return fields[slice * FIELDS + 3];
    }
}
