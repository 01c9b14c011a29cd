package io.moeplan.engine.model;

import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** The model families this build can run: {@code model_type} to the function that reads its configuration. */
public final class Architectures {
    /** Reads the configuration of one family. */
    @FunctionalInterface
    interface Family {
        Architecture read(ConfigReader config) throws ModelException;
    }

    private static final Map<String, Family> FAMILIES = new TreeMap<>(Families.ALL);
    private static final Set<String> QUANTISATIONS = Set.of("", "fp8", "mxfp4");

    private Architectures() {}

    /** Every {@code model_type} this build can run. */
    public static SortedSet<String> supported() {
        return new TreeSet<>(FAMILIES.keySet());
    }

    /**
     * What config.json describes.
     *
     * @throws ModelException if the family is not supported, or a value is missing, out of range or contradicts another
     */
    public static Architecture read(ConfigReader config) throws ModelException {
        String type = config.textOr("", "model_type");
        Family family = FAMILIES.get(type);
        if (family == null) {
            String problem = type.isEmpty() ? "lacks model_type" : "model_type " + type + " is not supported";
            throw new ModelException(config.file(), problem + "; supported: " + String.join(", ", FAMILIES.keySet()));
        }
        String quantised = config.section("quantization_config").textOr("", "quant_method");
        if (!QUANTISATIONS.contains(quantised)) {
            throw new ModelException(config.file(), "weights quantised with " + quantised
                    + " are not supported; use the fp8, mxfp4, bf16, fp16 or fp32 checkpoint");
        }
        String activation = config.textOr("silu", "hidden_act");
        if (!activation.equals("silu") && !activation.equals("swish")) {
            throw new ModelException(config.file(), "hidden_act " + activation + " is not supported (silu is)");
        }
        return family.read(config);
    }
}
