package io.moeplan.recording;

/** The values that tokens may have, on their way in and on their way out. */
final class TokenChecks {
    private TokenChecks() {}

    /**
     * @param routed  layers x top-k
     * @param experts logical experts per layer
     * @throws IllegalArgumentException naming the first row that cannot be
     */
    static void check(TokenRows rows, int routed, int experts) {
        if (!isSound(rows, routed, experts)) {
            throw new IllegalArgumentException(firstFault(rows, routed, experts));
        }
    }

    /** Loops without branches, which the compiler turns into vector instructions. */
    private static boolean isSound(TokenRows rows, int routed, int experts) {
        int signs = 0;
        int phases = 0;
        for (int i = 0; i < rows.rows(); i++) {
            signs |= rows.request()[i] | rows.position()[i];
            phases |= rows.phase()[i];
        }
        short[] ids = rows.experts();
        int count = rows.rows() * routed;
        int most = 0;
        for (int i = 0; i < count; i++) {
            most = Math.max(most, ids[i] & 0xffff);
        }
        return signs >= 0 && (phases & ~1) == 0 && most < experts;
    }

    private static String firstFault(TokenRows rows, int routed, int experts) {
        for (int i = 0; i < rows.rows(); i++) {
            if (rows.request()[i] < 0 || rows.position()[i] < 0) {
                return "row " + i + " has request " + rows.request()[i] + " and position " + rows.position()[i]
                        + ", expected none below 0";
            }
            if ((rows.phase()[i] & ~1) != 0) {
                return "row " + i + " has phase " + rows.phase()[i] + ", expected 0 (prompt) or 1 (response)";
            }
            for (int k = i * routed; k < (i + 1) * routed; k++) {
                if (rows.expert(k) >= experts) {
                    return "row " + i + " has expert " + rows.expert(k) + ", the model has " + experts;
                }
            }
        }
        return "";
    }
}
