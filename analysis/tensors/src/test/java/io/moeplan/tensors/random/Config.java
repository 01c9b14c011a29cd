package io.moeplan.tensors.random;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A preset's config.json, one key a line, with some of its values changed. */
record Config(String json) {
    static Config preset(String name) throws IOException {
        try (InputStream in = Config.class.getResourceAsStream(name + ".json")) {
            if (in == null) {
                throw new IllegalArgumentException("no preset " + name);
            }
            return new Config(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    private static Matcher line(String key, String json) {
        return Pattern.compile("(?m)^  \"" + Pattern.quote(key) + "\": (.*?)(,?)$").matcher(json);
    }

    Optional<String> text(String key) {
        Matcher line = line(key, json);
        return line.find() ? Optional.of(line.group(1)) : Optional.empty();
    }

    int number(String key) {
        return Integer.parseInt(text(key).orElseThrow(() -> new IllegalArgumentException("the preset has no " + key)));
    }

    boolean flag(String key) {
        return text(key).filter("true"::equals).isPresent();
    }

    String modelType() {
        return text("model_type").orElseThrow().replace("\"", "");
    }

    /** The same with another value, written as JSON. */
    Config with(String key, String value) {
        if (text(key).isEmpty()) {
            throw new IllegalArgumentException("the preset has no " + key);
        }
        return new Config(line(key, json).replaceFirst("  \"" + key + "\": " + Matcher.quoteReplacement(value) + "$2"));
    }

    /** With bfloat16 weights, whatever the preset has. */
    Config unquantised() {
        return new Config(json.replaceFirst("(?m)^  \"quantization_config\": .*\\R", ""));
    }

    /** {@code "fp8"}, {@code "mxfp4"} or {@code "bf16"}. */
    String format() {
        String quantisation = text("quantization_config").orElse("");
        return quantisation.contains("mxfp4") ? "mxfp4" : quantisation.contains("fp8") ? "fp8" : "bf16";
    }

    /** With the one list that depends on the number of layers, where a preset has it. */
    Config completed() {
        return text("layer_types").isEmpty()
                ? this
                : with("layer_types", IntStream.range(0, number("num_hidden_layers"))
                        .mapToObj(layer -> layer % 2 == 0 ? "\"sliding_attention\"" : "\"full_attention\"")
                        .collect(Collectors.joining(", ", "[", "]")));
    }
}
