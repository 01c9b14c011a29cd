package io.moeplan.eplb.search;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Steps to plan on, made from the recorded ones: draws of how expert loads may go on, without their sampling noise. Plans
 * are for what comes, and while loads drift slowly a window shows only a part of where they go.
 *
 * <p>The model: expected tokens of expert e in step t are {@code n_t * exp(mu_e + sum_k z_tk u_ke)} (normalised), a few
 * factors that drift. Counts scatter around them like Poisson numbers. So
 * <ol>
 * <li>residuals {@code b_te = sqrt(m_te) * (log((x_te + 1/2) / (m_te + 1/2)) - mu_e)} with {@code m_te = n_t * share_e} have
 * noise of about unit variance, whatever the expert and step;
 * <li>singular values of {@code b} [steps][experts] above {@code sqrt(steps) + sqrt(experts)}, the largest that pure noise
 * has, are factors;
 * <li>a loading {@code u_ke}, known to within {@code 1 / sqrt(m_e)}, is shrunk towards zero (James-Stein) by
 * {@code tau^2 / (tau^2 + 1 / m_e)}, tau^2 being the loadings' variance;
 * <li>the scores {@code z_k} are taken for AR(1) processes. Persistence, variance and level are
 * left open as far as the window leaves them open: each draw takes values as likely as the window makes them, then
 * continues the scores by up to as many steps as the window has.
 * </ol>
 *
 * <p>Where requests are long beside a step, counts scatter far more than that, for every expert in its own way, and a few
 * factors miss most of it: draws would be more alike than steps are. There the recorded steps themselves are the
 * scenarios.
 *
 * @param tokens  expected tokens in a step, {@code [draws][experts]}; with no factor above the noise there is one scenario,
 *                the window mean
 * @param factors factors found; 0 where the scenarios are recorded steps
 */
public record LoadForecast(float[][] tokens, int factors) {
    /** More recorded steps than these are summed up in bins of neighbours. */
    private static final int MOST_BINS = 100;
    private static final int DRAWS = 100;
    private static final int MOST_FACTORS = 8;
    /** How far above the noise's largest singular value a factor must be. */
    private static final double ABOVE_NOISE = 1.1;
    private static final int POWER_ITERATIONS = 100;
    /**
     * Factors do not describe the steps where residuals beyond them scatter by more than this, in variances of sampling noise,
     * and hold more than this share of all that is not sampling noise. Loads that drift along a few factors come to 0.9 to
     * 1.8 and at most 0.01; those of a trained model's requests, in steps of 2,048 tokens, to 1.4 to 18 and some 0.1.
     */
    private static final double MOST_SCATTER = 1.5;
    private static final double MOST_UNEXPLAINED = 0.03;
    /** AR(1) coefficients, from step to step, that are weighed against each other. */
    private static final double[] PERSISTENCES = {0, 0.3, 0.5, 0.7, 0.8, 0.87, 0.92, 0.95, 0.97, 0.98, 0.99};
    /** Stationary variances, relative to the one in the window (slow drifts show less than they will). */
    private static final double[] VARIANCES = {0.5, 0.7, 1, 1.4, 2, 3, 4.5, 7};

    /**
     * Fits the model to recorded steps.
     *
     * @param counts tokens of each expert in each step, {@code [steps][experts]}; no step without tokens
     * @param seed   for the draws
     */
    public static LoadForecast of(int[][] counts, long seed) {
        return new Fit(bins(counts), seed).forecast(stepsPerBin(counts), true);
    }

    /** The same, with draws even where they are more alike than the recorded steps: of the worst there are enough then. */
    static LoadForecast draws(int[][] counts, long seed) {
        return new Fit(bins(counts), seed).forecast(stepsPerBin(counts), false);
    }

    private static double stepsPerBin(int[][] counts) {
        return (double) counts.length / Math.min(counts.length, MOST_BINS);
    }

    /** The window mean as the only scenario. */
    public static LoadForecast mean(int[][] counts) {
        float[] mean = new float[counts[0].length];
        for (int e = 0; e < mean.length; e++) {
            double sum = 0;
            for (int[] step : counts) {
                sum += step[e];
            }
            mean[e] = (float) (sum / counts.length);
        }
        return new LoadForecast(new float[][]{mean}, 0);
    }

    private static double[][] bins(int[][] counts) {
        int bins = Math.min(counts.length, MOST_BINS);
        double[][] sums = new double[bins][counts[0].length];
        for (int t = 0; t < counts.length; t++) {
            double[] bin = sums[(int) ((long) t * bins / counts.length)];
            for (int e = 0; e < bin.length; e++) {
                bin[e] += counts[t][e];
            }
        }
        return sums;
    }

    /** The estimates, step by step. */
    private static final class Fit {
        private final double[][] x;
        private final int steps;
        private final int experts;
        private final SplittableRandom random;
        /** Tokens of each bin relative to their mean. */
        private final double[] size;
        /** Expected tokens of each expert in a bin of mean size, arithmetic mean over the window. */
        private final double[] mean;
        private final double[] mu;
        private final double[][] residual;
        private double[][] loadings = new double[0][];
        private double[][] scores = new double[0][];
        private double[] singular = new double[0];
        /** Sum of the squares of all residuals. */
        private double squares;

        Fit(double[][] x, long seed) {
            this.x = x;
            steps = x.length;
            experts = x[0].length;
            random = new SplittableRandom(seed);
            size = new double[steps];
            mean = new double[experts];
            for (int t = 0; t < steps; t++) {
                for (int e = 0; e < experts; e++) {
                    size[t] += x[t][e];
                    mean[e] += x[t][e] / steps;
                }
            }
            double tokens = Arrays.stream(size).sum() / steps;
            for (int t = 0; t < steps; t++) {
                size[t] /= tokens;
            }
            for (int e = 0; e < experts; e++) {
                mean[e] = Math.max(mean[e], 0.5 / steps);
            }
            mu = new double[experts];
            residual = new double[steps][experts];
            residuals();
        }

        private void residuals() {
            for (int t = 0; t < steps; t++) {
                for (int e = 0; e < experts; e++) {
                    double log = Math.log((x[t][e] + 0.5) / (size[t] * mean[e] + 0.5));
                    residual[t][e] = log;
                    mu[e] += log * size[t] / steps;
                }
            }
            for (int t = 0; t < steps; t++) {
                for (int e = 0; e < experts; e++) {
                    residual[t][e] = (residual[t][e] - mu[e]) * Math.sqrt(size[t] * mean[e]);
                }
            }
        }

        LoadForecast forecast(double stepsPerBin, boolean mayBeRecorded) {
            findFactors();
            if (mayBeRecorded && !described()) {
                return new LoadForecast(
                        Arrays.stream(x).map(bin -> scaled(bin, 1 / stepsPerBin)).toArray(float[][]::new), 0);
            }
            if (loadings.length == 0) {
                return new LoadForecast(new float[][]{scaled(mean, 1 / stepsPerBin)}, 0);
            }
            return new LoadForecast(Arrays.stream(draw()).map(z -> tokens(z, 1 / stepsPerBin)).toArray(float[][]::new),
                    loadings.length);
        }

        private static float[] scaled(double[] tokens, double by) {
            float[] scaled = new float[tokens.length];
            for (int e = 0; e < scaled.length; e++) {
                scaled[e] = (float) (tokens[e] * by);
            }
            return scaled;
        }

        /** Whether the factors leave little but sampling noise. */
        private boolean described() {
            double beyond = squares - Arrays.stream(singular).map(value -> value * value).sum();
            double noise = (double) experts * Math.max(1, steps - 1 - singular.length);
            double unexplained = (beyond - noise) / (squares - (double) experts * (steps - 1));
            return beyond < MOST_SCATTER * noise || unexplained < MOST_UNEXPLAINED;
        }

        /** Singular vectors of the residuals, largest first, down to the noise. */
        private void findFactors() {
            double[][] gram = gram();
            for (int t = 0; t < steps; t++) {
                squares += gram[t][t];
            }
            double edge = ABOVE_NOISE * (Math.sqrt(steps) + Math.sqrt(experts));
            int most = Math.min(MOST_FACTORS, steps / 4);
            double[][] vectors = new double[0][];
            while (vectors.length < most) {
                double[] v = new double[steps];
                double value = Math.sqrt(leadingVector(gram, vectors, v));
                if (value < edge) {
                    break;
                }
                vectors = append(vectors, v);
                singular = Arrays.copyOf(singular, vectors.length);
                singular[vectors.length - 1] = value;
                loadings = append(loadings, shrunkLoading(v));
                double[] z = new double[steps];
                Arrays.setAll(z, t -> v[t] / Math.sqrt(size[t]));
                scores = append(scores, z);
            }
        }

        private double[][] gram() {
            double[][] gram = new double[steps][steps];
            for (int i = 0; i < steps; i++) {
                for (int j = i; j < steps; j++) {
                    gram[i][j] = dot(residual[i], residual[j]);
                    gram[j][i] = gram[i][j];
                }
            }
            return gram;
        }

        /** Power iteration across the vectors known; returns the eigenvalue. */
        private double leadingVector(double[][] gram, double[][] known, double[] v) {
            Arrays.setAll(v, t -> random.nextGaussian());
            double value = 0;
            for (int i = 0; i < POWER_ITERATIONS; i++) {
                double[] w = new double[steps];
                for (int t = 0; t < steps; t++) {
                    w[t] = dot(gram[t], v);
                }
                for (double[] u : known) {
                    double along = dot(w, u);
                    for (int t = 0; t < steps; t++) {
                        w[t] -= along * u[t];
                    }
                }
                double length = Math.sqrt(dot(w, w));
                if (length == 0) {
                    return 0;
                }
                for (int t = 0; t < steps; t++) {
                    v[t] = w[t] / length;
                }
                if (Math.abs(length - value) < 1e-6 * length) {
                    return length;
                }
                value = length;
            }
            return value;
        }

        private double[] shrunkLoading(double[] v) {
            double[] u = new double[experts];
            double weighted = 0;
            double weights = 0;
            for (int e = 0; e < experts; e++) {
                for (int t = 0; t < steps; t++) {
                    u[e] += v[t] * residual[t][e];
                }
                u[e] /= Math.sqrt(mean[e]);
                weighted += mean[e] * u[e] * u[e];
                weights += mean[e];
            }
            double variance = Math.max(0, (weighted - experts) / weights);
            for (int e = 0; e < experts; e++) {
                u[e] *= variance / (variance + 1 / mean[e]);
            }
            return u;
        }

        /** Draws scores of all factors over a horizon as long as the window, {@code [draws][factors]}. */
        private double[][] draw() {
            double[][] drawn = new double[DRAWS][scores.length];
            for (int k = 0; k < scores.length; k++) {
                Drift[] drifts = drifts(scores[k], 1 / (singular[k] * singular[k]));
                double[] likelihood = Arrays.stream(drifts).mapToDouble(Drift::logLikelihood).toArray();
                for (int d = 0; d < DRAWS; d++) {
                    drawn[d][k] = drifts[choose(likelihood)].draw(steps * (d + 0.5) / DRAWS, random);
                }
            }
            return drawn;
        }

        private static Drift[] drifts(double[] z, double noise) {
            double windowVariance = Math.max(1e-12, dot(z, z) / z.length - noise);
            Drift[] drifts = new Drift[PERSISTENCES.length * VARIANCES.length];
            for (int p = 0; p < PERSISTENCES.length; p++) {
                for (int v = 0; v < VARIANCES.length; v++) {
                    drifts[p * VARIANCES.length + v] = Drift.fit(z, noise, PERSISTENCES[p],
                            VARIANCES[v] * windowVariance);
                }
            }
            return drifts;
        }

        /** An index, each as likely as its logarithm says. */
        private int choose(double[] logLikelihood) {
            double most = Arrays.stream(logLikelihood).max().orElseThrow();
            double left = random.nextDouble() * Arrays.stream(logLikelihood).map(l -> Math.exp(l - most)).sum();
            int at = 0;
            while (at < logLikelihood.length - 1 && left >= Math.exp(logLikelihood[at] - most)) {
                left -= Math.exp(logLikelihood[at++] - most);
            }
            return at;
        }

        private float[] tokens(double[] z, double relativeSize) {
            double[] share = new double[experts];
            double sum = 0;
            for (int e = 0; e < experts; e++) {
                double log = mu[e];
                for (int k = 0; k < z.length; k++) {
                    log += z[k] * loadings[k][e];
                }
                share[e] = mean[e] * Math.exp(log);
                sum += share[e];
            }
            double scale = relativeSize * Arrays.stream(mean).sum() / sum;
            float[] tokens = new float[experts];
            for (int e = 0; e < experts; e++) {
                tokens[e] = (float) (share[e] * scale);
            }
            return tokens;
        }

        private static double dot(double[] a, double[] b) {
            double sum = 0;
            for (int i = 0; i < a.length; i++) {
                sum += a[i] * b[i];
            }
            return sum;
        }

        private static double[][] append(double[][] rows, double[] row) {
            double[][] more = Arrays.copyOf(rows, rows.length + 1);
            more[rows.length] = row;
            return more;
        }
    }
}
