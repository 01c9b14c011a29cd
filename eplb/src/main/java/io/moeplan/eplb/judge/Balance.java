package io.moeplan.eplb.judge;

/**
 * How evenly GPUs were loaded over the judged steps, in the definitions in use; they are not interchangeable.
 *
 * <p>{@code load[g]} is the tokens that GPU {@code g} computes in one step and layer, {@code mean} and {@code max} are
 * over GPUs.
 *
 * @param sglang        mean over steps and layers of {@code (mean + 1e-5) / (max + 1e-5)}; 1 is even (SGLang's
 *                      "balancedness")
 * @param vllm          mean over steps of {@code sum over layers of mean / sum over layers of max}; 1 is even (vLLM's
 *                      "balancedness")
 * @param tensorRtLlm   mean over steps and layers of {@code (max - mean) / mean}; 0 is even (TensorRT-LLM's "imbalance
 *                      ratio")
 * @param vllmAscend    mean over steps and layers of {@code max / mean}; 1 is even (vllm-ascend's "PAR", peak to average)
 * @param weighted      {@code max / mean} weighted by tokens: {@code sum of max / sum of mean} over steps and layers; 1 is
 *                      even. What time follows, and the figure the verdict uses
 * @param p50           median over steps of {@code sum over layers of max / sum over layers of mean}
 * @param p99           99th percentile of the same
 */
public record Balance(double sglang, double vllm, double tensorRtLlm, double vllmAscend, double weighted, double p50,
        double p99) {}
