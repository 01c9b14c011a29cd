package io.moeplan.eplb.search;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Steps to plan on, made from the recorded ones: expert loads without their sampling noise, and draws of how they may go
 * on.
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
 * <li>the scores {@code z_k} are taken for AR(1) processes: the forecast for {@code h} steps ahead is
 * {@code mean + phi^h (last - mean)} with variance {@code v (1 - phi^2h)}, v the stationary variance from the increments,
 * and the error of the mean on top.
 * </ol>
 *
 * @param tokens  expected tokens, {@code [scenarios][experts]}: one for each recorded step (or bin of steps), then the
 *                draws. With no factor above the noise it is one scenario, the window mean
 * @param factors factors found
 */
public record LoadForecast(float[][] tokens, int factors) {
    /** More recorded steps than these are summed up in bins of neighbours. */
    private static final int MOST_BINS = 100;
    private static final int DRAWS = 32;
    private static final int MOST_FACTORS = 8;
    /** How far above the noise's largest singular value a factor must be. */
    private static final double ABOVE_NOISE = 1.1;
    private static final int POWER_ITERATIONS = 100;

    /**
     * Fits the model to recorded steps.
     *
     * @param counts tokens of each expert in each step, {@code [steps][experts]}; no step without tokens
     * @param seed   for the draws
     */
    public static LoadForecast of(int[][] counts, long seed) {
        return new Fit(bins(counts), seed).forecast((double) counts.length / Math.min(counts.length, MOST_BINS));
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

        LoadForecast forecast(double stepsPerBin) {
            findFactors();
            if (loadings.length == 0) {
                float[] window = new float[experts];
                for (int e = 0; e < experts; e++) {
                    window[e] = (float) (mean[e] / stepsPerBin);
                }
                return new LoadForecast(new float[][]{window}, 0);
            }
            float[][] tokens = new float[steps + DRAWS][];
            for (int t = 0; t < steps; t++) {
                double[] z = new double[loadings.length];
                for (int k = 0; k < z.length; k++) {
                    z[k] = scores[k][t];
                }
                tokens[t] = tokens(z, size[t] / stepsPerBin);
            }
            double[][] drawn = new double[DRAWS][loadings.length];
            for (int k = 0; k < loadings.length; k++) {
                draw(k, drawn);
            }
            for (int d = 0; d < DRAWS; d++) {
                tokens[steps + d] = tokens(drawn[d], 1 / stepsPerBin);
            }
            return new LoadForecast(tokens, loadings.length);
        }

        /** Singular vectors of the residuals, largest first, down to the noise. */
        private void findFactors() {
            double[][] gram = gram();
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

        /** Draws scores of one factor over a horizon as long as the window. */
        private void draw(int k, double[][] drawn) {
            double[] z = scores[k];
            double noise = 1 / (singular[k] * singular[k]);
            double phi = persistence(z, noise);
            double increments = 0;
            for (int t = 1; t < steps; t++) {
                increments += (z[t] - z[t - 1]) * (z[t] - z[t - 1]) / (steps - 1);
            }
            double innovation = Math.max(0, increments - 2 * noise) * (1 + phi) / 2;
            double stationary = innovation / (1 - phi * phi);
            // Generalised least squares: the two ends count in full, the others by 1 - phi.
            double sum = z[0] + z[steps - 1];
            double weights = 2;
            for (int t = 1; t < steps - 1; t++) {
                sum += (1 - phi) * z[t];
                weights += 1 - phi;
            }
            double level = sum / weights;
            double levelError = innovation / ((1 - phi) * (1 - phi) * (steps - 1) + 1 - phi * phi);
            int recent = Math.min(3, steps);
            double last = Arrays.stream(z, steps - recent, steps).sum() / recent;
            for (int d = 0; d < DRAWS; d++) {
                double decay = Math.pow(phi, steps * (d + 0.5) / DRAWS);
                double variance = stationary * (1 - decay * decay) + levelError * (1 - decay) * (1 - decay);
                drawn[d][k] = level + (last - level) * decay + Math.sqrt(variance) * random.nextGaussian();
            }
        }

        /** The AR(1) coefficient, for noise in the scores and for the bias of short series ((1 + 3 phi) / steps). */
        private double persistence(double[] z, double noise) {
            double lagged = 0;
            for (int t = 1; t < steps; t++) {
                lagged += z[t] * z[t - 1];
            }
            double phi = Math.clamp(lagged / Math.max(1e-12, dot(z, z) - steps * noise), 0, 0.995);
            return Math.min(0.99, phi + (1 + 3 * phi) / steps);
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
