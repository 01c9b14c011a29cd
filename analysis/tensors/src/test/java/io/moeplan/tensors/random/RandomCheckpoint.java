package io.moeplan.tensors.random;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Run by hand: writes a checkpoint of a real model's shape, or a smaller one, with random weights; the same arguments give
 * the same bytes. There is no tokenizer: give it workloads of token ids.
 *
 * <pre>{@code
 * RandomCheckpoint PRESET DIRECTORY [KEY=VALUE ...]
 * }</pre>
 *
 * Presets: {@code bench, qwen3-30b-a3b, mixtral-8x7b, deepseek-v3, gpt-oss-120b, glm-4.5}. Keys: any numeric key of its
 * config.json ({@code num_hidden_layers=2 first_k_dense_replace=0}); {@code format=bf16} for a quantised preset without
 * quantisation; {@code seed=1}; {@code shard_gb=5}; {@code router_spread=1}, the standard deviation of router logits.
 */
final class RandomCheckpoint {
    private RandomCheckpoint() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length < 2) {
            throw new IllegalArgumentException("RandomCheckpoint PRESET DIRECTORY [KEY=VALUE ...]");
        }
        long start = System.nanoTime();
        Path directory = Path.of(arguments[1]);
        long bytes = write(arguments[0], directory, Arrays.asList(arguments).subList(2, arguments.length));
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(Locale.ROOT, "%s: %.2f GB in %.2f s, %.2f GB/s%n", directory, bytes / 1e9, seconds,
                bytes / 1e9 / seconds);
    }

    /** Writes config.json and the weights, and returns the bytes of the weights. */
    static long write(String preset, Path directory, List<String> settings) throws IOException {
        Config config = Config.preset(preset);
        long seed = 1;
        double shardGigabytes = 5;
        double routerSpread = preset.equals("bench") ? 0.6 * Math.sqrt(config.number("hidden_size")) : 1;
        for (String setting : settings) {
            int equals = setting.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("KEY=VALUE, not " + setting);
            }
            String value = setting.substring(equals + 1);
            switch (setting.substring(0, equals)) {
                case "seed" -> seed = Long.parseLong(value);
                case "shard_gb" -> shardGigabytes = Double.parseDouble(value);
                case "router_spread" -> routerSpread = Double.parseDouble(value);
                case "format" -> config = format(config, value);
                default -> config = config.with(setting.substring(0, equals), value);
            }
        }
        config = config.completed();
        long bytes = ShardWriter.write(directory, Specs.of(config, routerSpread), (long) (shardGigabytes * 1e9), seed);
        Files.writeString(directory.resolve("config.json"), config.json());
        return bytes;
    }

    private static Config format(Config config, String format) {
        Config changed = format.equals("bf16") ? config.unquantised() : config;
        if (!changed.format().equals(format)) {
            throw new IllegalArgumentException("this preset can be " + config.format() + " or bf16, not " + format);
        }
        return changed;
    }
}
