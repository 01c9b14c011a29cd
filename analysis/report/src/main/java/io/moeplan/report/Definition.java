package io.moeplan.report;

import io.moeplan.eplb.judge.Balance;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * One way of saying how evenly GPUs were loaded, in words; the formulas are those of {@link Balance}.
 *
 * @param key     stable name in JSON and CSV
 * @param name    name for people
 * @param formula definition, with mean and max over the GPUs of one step and layer
 * @param even    its value when all GPUs get the same, for people
 * @param value   reads it
 */
record Definition(String key, String name, String formula, String even, ToDoubleFunction<Balance> value) {
    /** All of them, the one that the verdict uses first. */
    static final List<Definition> ALL = List.of(
            new Definition("weighted", "max/mean, token-weighted", "sum of max / sum of mean, over steps and layers",
                    "1", Balance::weighted),
            new Definition("p50", "max/mean, median step", "median over steps of sum of max / sum of mean over layers",
                    "1",
                    Balance::p50),
            new Definition("p99", "max/mean, 99th percentile step",
                    "99th percentile over steps of sum of max / sum of mean over layers", "1", Balance::p99),
            new Definition("sglang_balancedness", "SGLang balancedness",
                    "mean over steps and layers of (mean + 1e-5) / (max + 1e-5)", "1", Balance::sglang),
            new Definition("vllm_balancedness", "vLLM balancedness",
                    "mean over steps of sum of mean / sum of max over layers", "1", Balance::vllm),
            new Definition("tensorrt_llm_imbalance_ratio", "TensorRT-LLM imbalance ratio",
                    "mean over steps and layers of (max - mean) / mean", "0", Balance::tensorRtLlm),
            new Definition("vllm_ascend_par", "vllm-ascend PAR (peak to average)",
                    "mean over steps and layers of max / mean", "1", Balance::vllmAscend));
}
