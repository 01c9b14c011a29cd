package io.moeplan.eplb.judge;

import java.util.Locale;
import java.util.Random;
import java.util.function.Function;

/**
 * How often the bootstrap's interval of a gain holds the truth, for few and many steps that are more and less alike. By
 * hand; prints the table that {@link Bootstrap} has. Argument: rounds for each figure, 2,000 unless given.
 */
final class BootstrapCoverage {
    /** Max / mean: 2.0 before, 1.3 after. */
    private static final double TRUTH = 1 - 1.3 / 2.0;

    private BootstrapCoverage() {}

    public static void main(String[] args) {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 2_000;
        System.out.println("steps  correlation  covered  mean width of the gain's interval");
        for (int steps : new int[]{20, 50, 100}) {
            for (double correlation : new double[]{0, 0.5, 0.9}) {
                print(steps, String.format(Locale.ROOT, "%11.1f", correlation), rounds,
                        random -> process(random, steps, correlation, 1));
            }
        }
        System.out.println("half noise, half drift with a correlation of 0.97");
        for (int steps : new int[]{20, 50, 100}) {
            print(steps, "noisy drift", rounds, random -> process(random, steps, 0.97, 0.5));
        }
    }

    private static void print(int steps, String what, int rounds, Function<Random, double[]> process) {
        Random random = new Random(7);
        int covered = 0;
        double width = 0;
        for (int round = 0; round < rounds; round++) {
            StepSums before = sums(random, process.apply(random), 1.0);
            StepSums after = sums(random, process.apply(random), 0.3);
            Interval gain = Bootstrap.of(before, after, Verdicts::gain).orElseThrow().gain();
            covered += gain.low() <= TRUTH && TRUTH <= gain.high() ? 1 : 0;
            width += (gain.high() - gain.low()) / rounds;
        }
        System.out.printf(Locale.ROOT, "%5d  %s  %5.1f %%  %.3f%n", steps, what, 100.0 * covered / rounds, width);
    }

    /** Unit variance: a share of it drifts, the rest is noise, {@code [steps]}. */
    private static double[] process(Random random, int steps, double correlation, double share) {
        double[] values = new double[steps];
        double z = random.nextGaussian();
        for (int step = 0; step < steps; step++) {
            values[step] = Math.sqrt(share) * z + Math.sqrt(1 - share) * random.nextGaussian();
            z = correlation * z + Math.sqrt(1 - correlation * correlation) * random.nextGaussian();
        }
        return values;
    }

    /** An excess over the mean that scatters by 30 %, on steps of different sizes. */
    static StepSums sums(Random random, double[] process, double excess) {
        double[] max = new double[process.length];
        double[] mean = new double[process.length];
        for (int step = 0; step < process.length; step++) {
            mean[step] = 100 + 50 * random.nextDouble();
            max[step] = mean[step] * (1 + excess * (1 + 0.3 * process[step]));
        }
        return new StepSums(max, mean);
    }
}
