package io.moeplan.recording.imports;

import java.util.Arrays;
import java.util.Optional;

/** Where loads may come from; {@link #label()} is its name on the command line and in manifests. */
public enum SourceFormat {
    SGLANG("sglang", "SGLang's expert distribution recorder (.pt files, or the folder of them)"), TENSORRT_LLM(
            "tensorrt-llm", "TensorRT-LLM's expert statistics (a folder with meta_info.json)"), ROUTED_EXPERTS(
                    "routed-experts", "outputs of vLLM or SGLang with routed experts (JSON Lines)"), LLAMA_IMATRIX(
                            "llama-imatrix", "llama.cpp's importance matrix (GGUF)"), COUNT_MATRIX("count-matrix",
                                    "counts [layers][experts] or [steps][layers][experts] (.json, .npy, .pt, .csv, text)");

    private final String label;
    private final String description;

    SourceFormat(String label, String description) {
        this.label = label;
        this.description = description;
    }

    public String label() {
        return label;
    }

    /** What it is, in words. */
    public String description() {
        return description;
    }

    /** The format with this label, empty if there is none; {@code vllm} is another name for routed experts. */
    public static Optional<SourceFormat> ofLabel(String label) {
        String known = label.equals("vllm") ? "routed-experts" : label;
        return Arrays.stream(values()).filter(format -> format.label.equals(known)).findAny();
    }
}
