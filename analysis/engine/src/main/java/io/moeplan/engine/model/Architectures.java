package io.moeplan.engine.model;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** The model families this build can run. */
public final class Architectures {
    /**
     * A family.
     *
     * @param type   {@code model_type} of its config.json
     * @param models what its models are called
     * @param lacks  what of them this build leaves out or refuses, empty for nothing
     */
    public record Family(String type, String models, String lacks) {}

    /** Reads the configuration of one family. */
    @FunctionalInterface
    interface Reader {
        Architecture read(ConfigReader config) throws ModelException;
    }

    private static final SortedMap<String, Families.Entry> FAMILIES = new TreeMap<>();

    static {
        Families.ALL.forEach(entry -> FAMILIES.put(entry.family().type(), entry));
    }

    private Architectures() {}

    /** Every family this build can run, by type. */
    public static List<Family> families() {
        return FAMILIES.values().stream().map(Families.Entry::family).toList();
    }

    /**
     * The family of a type that {@link #families} has.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Family family(String type) {
        Families.Entry entry = FAMILIES.get(type);
        if (entry == null) {
            throw new IllegalArgumentException("no family " + type);
        }
        return entry.family();
    }

    /**
     * What config.json describes. Where a model sees or hears as well, the language model in it is meant
     * ({@code text_config}).
     *
     * @throws ModelException if the family is not supported, or a value is missing, out of range or contradicts another
     */
    public static Architecture read(ConfigReader config) throws ModelException {
        ConfigReader text = textOf(config);
        Quantisation.read(config);
        String activation = text.textOr("silu", "hidden_act");
        if (!activation.equals("silu") && !activation.equals("swish")) {
            throw new ModelException(config.file(), "hidden_act " + activation + " is not supported (silu is)");
        }
        return FAMILIES.get(type(text)).reader().read(text);
    }

    private static ConfigReader textOf(ConfigReader config) throws ModelException {
        ConfigReader text = config.section("text_config");
        if (FAMILIES.containsKey(type(config))) {
            return config;
        }
        if (FAMILIES.containsKey(type(text))) {
            return text;
        }
        String inner = type(text).isEmpty() ? "" : " (text_config: " + type(text) + ")";
        String problem = type(config).isEmpty()
                ? "lacks model_type"
                : "model_type " + type(config) + inner + " is not supported";
        throw new ModelException(config.file(), problem + "; supported: " + String.join(", ", FAMILIES.keySet()));
    }

    private static String type(ConfigReader config) throws ModelException {
        return config.textOr("", "model_type");
    }
}
