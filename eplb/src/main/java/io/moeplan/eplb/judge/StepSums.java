package io.moeplan.eplb.judge;

/**
 * What each judged step contributes to {@link Balance#weighted}: all that a {@link Bootstrap} needs of a replay. Steps
 * without tokens are left out.
 *
 * @param max  tokens of the fullest GPU, summed over layers, {@code [steps]}
 * @param mean tokens of the mean GPU, summed over layers, {@code [steps]}
 */
public record StepSums(double[] max, double[] mean) {
    /** Of a replay whose steps are not at hand. */
    static final StepSums UNKNOWN = new StepSums(new double[0], new double[0]);

    /** @throws IllegalArgumentException if the two are not of the same length */
    public StepSums {
        if (max.length != mean.length) {
            throw new IllegalArgumentException(max.length + " maxima for " + mean.length + " means");
        }
    }

    public int steps() {
        return max.length;
    }
}
