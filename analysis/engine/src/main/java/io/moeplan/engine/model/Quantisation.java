package io.moeplan.engine.model;

import io.moeplan.tensors.matrix.WeightSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * {@code quantization_config}: accepted wherever the bytes are those of a format that {@link WeightSource} reads, whichever
 * tool wrote them. What is left unquantised ({@code modules_to_not_convert}, {@code ignore}) needs no list: every tensor
 * says its own type.
 */
final class Quantisation {
    private static final int MAX_BLOCK = 1 << 16;
    private static final String ADVICE = "; use the fp8, mxfp4, bf16, fp16 or fp32 checkpoint";
    /** fp8 weights beside {@code weight_scale} or {@code weight_scale_inv}. */
    private static final Set<String> FLOAT_FORMATS = Set.of("float-quantized", "naive-quantized");

    private Quantisation() {}

    /**
     * The block size of fp8 weights, if their scales are for blocks.
     *
     * @throws ModelException if the weights are quantised in a way that is not read
     */
    static Optional<WeightSource.BlockSize> read(ConfigReader config) throws ModelException {
        ConfigReader whole = config.section("quantization_config");
        ConfigReader said = whole.names().isEmpty()
                ? config.section("text_config").section("quantization_config")
                : whole;
        String method = said.textOr("", "quant_method");
        return switch (method) {
            case "", "fp8", "mxfp4", "fbgemm_fp8" -> block(config, said, "weight_block_size");
            case "compressed-tensors" -> compressed(config, said);
            case "modelopt" -> {
                String algorithm = said.textOr("unknown", "quant_algo");
                require(config, algorithm.equals("FP8"), "modelopt's " + algorithm);
                yield Optional.empty();
            }
            default -> throw refused(config, method);
        };
    }

    private static Optional<WeightSource.BlockSize> compressed(ConfigReader config, ConfigReader said)
            throws ModelException {
        String format = said.textOr("unknown", "format");
        require(config, FLOAT_FORMATS.contains(format), "compressed-tensors (" + format + ")");
        Optional<WeightSource.BlockSize> block = Optional.empty();
        ConfigReader groups = said.section("config_groups");
        for (String group : groups.names()) {
            ConfigReader weights = groups.section(group).section("weights");
            int bits = weights.sizeOr(8, 64, "num_bits");
            require(config, bits == 8 && weights.textOr("float", "type").equals("float"),
                    "compressed-tensors (" + format + ", " + bits + " bits)");
            if (weights.has("block_structure")) {
                block = block(config, weights, "block_structure");
            }
        }
        return block;
    }

    private static Optional<WeightSource.BlockSize> block(ConfigReader config, ConfigReader said, String name)
            throws ModelException {
        List<Integer> block = said.wholes(MAX_BLOCK, name);
        if (block.isEmpty()) {
            return Optional.empty();
        }
        if (block.size() != 2 || block.contains(0)) {
            throw new ModelException(config.file(), name + " is " + block + ", expected two sizes");
        }
        return Optional.of(new WeightSource.BlockSize(block.get(0), block.get(1)));
    }

    private static void require(ConfigReader config, boolean condition, String what) throws ModelException {
        if (!condition) {
            throw refused(config, what);
        }
    }

    private static ModelException refused(ConfigReader config, String what) {
        return new ModelException(config.file(), "weights quantised with " + what + " are not supported" + ADVICE);
    }
}
