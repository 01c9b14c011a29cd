package io.moeplan.eplb.dispatch;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The engines that plans are made for; {@link #label()} is the name on the command line. */
public enum Engine {
    SGLANG("sglang"), VLLM("vllm"), VLLM_ASCEND("vllm-ascend"), TENSORRT_LLM("tensorrt-llm"), DEEPSEEK("deepseek");

    private final String label;

    Engine(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }

    /**
     * The rule by which the engine chooses replicas unless told otherwise: SGLang's for a map given at the start is
     * {@code static}, vLLM draws per token, vllm-ascend takes the rank modulo the replicas, TensorRT-LLM deals the tokens
     * of an expert out in turn. DeepSeek's planner comes without an engine and assumes the even split.
     */
    public Dispatch dispatch() {
        return switch (this) {
            case SGLANG -> new StaticReplica();
            case VLLM -> RandomReplica.random();
            case VLLM_ASCEND -> new ModuloReplica();
            case TENSORRT_LLM, DEEPSEEK -> new EvenSplit();
        };
    }

    /**
     * The engine with this name.
     *
     * @throws IllegalArgumentException if there is none; the message lists those there are
     */
    public static Engine named(String name) {
        return Arrays.stream(values()).filter(engine -> engine.label.equals(name)).findAny()
                .orElseThrow(() -> new IllegalArgumentException("unknown engine \"" + name + "\": use "
                        + Arrays.stream(values()).map(Engine::label).collect(Collectors.joining(" or "))));
    }
}
