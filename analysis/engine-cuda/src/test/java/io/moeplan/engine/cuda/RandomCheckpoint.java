package io.moeplan.engine.cuda;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.StringJoiner;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Checkpoints with the shapes of published models, any number of layers, and random weights. */
final class RandomCheckpoint {
    private static final int FP8_BLOCK = 128;
    private static final int NOISE_BYTES = 1 << 26;
    private static final int WRITERS = 8;

    /** What is written of a tensor: random weights, ones, or small positive scales. */
    private enum Kind {
        BF16, FP8, ONES, SCALES
    }

    private record Entry(Kind kind, long... shape) {
        long elements() {
            long product = 1;
            for (long size : shape) {
                product *= size;
            }
            return product;
        }

        long bytes() {
            return elements() * switch (kind) {
                case FP8 -> 1;
                case BF16, ONES -> 2;
                case SCALES -> 4;
            };
        }

        String type() {
            return switch (kind) {
                case FP8 -> "F8_E4M3";
                case BF16, ONES -> "BF16";
                case SCALES -> "F32";
            };
        }
    }

    private final Map<String, Entry> tensors = new LinkedHashMap<>();
    private final boolean fp8;

    private RandomCheckpoint(boolean fp8) {
        this.fp8 = fp8;
    }

    /**
     * Writes a model.
     *
     * @param shape  qwen3-30b, mixtral-8x7b or deepseek-v3 (with fp8 weights), or deepseek-small, for tests
     * @param layers how many layers it gets
     */
    static void write(Path folder, String shape, int layers) throws IOException {
        RandomCheckpoint checkpoint = new RandomCheckpoint(shape.startsWith("deepseek"));
        String config = switch (shape) {
            case "qwen3-30b" -> checkpoint.qwen3(layers);
            case "mixtral-8x7b" -> checkpoint.mixtral(layers);
            case "deepseek-v3" -> checkpoint.deepseek(layers, 129_280, 7168, 128, 1536, 256, 2048);
            case "deepseek-small" -> checkpoint.deepseek(layers, 384, 512, 4, 256, 16, 256);
            default -> throw new IllegalArgumentException("no shape " + shape);
        };
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"), config);
        checkpoint.write(folder.resolve("model.safetensors"));
    }

    /** The same weights as a model of fewer layers. */
    static void shorten(Path from, Path to, int layers) throws IOException {
        Files.createDirectories(to);
        String config = Files.readString(from.resolve("config.json"));
        Files.writeString(to.resolve("config.json"),
                config.replaceFirst("\"num_hidden_layers\": \\d+", "\"num_hidden_layers\": " + layers));
        Files.createLink(to.resolve("model.safetensors"), from.resolve("model.safetensors"));
    }

    private void outside(long vocabulary, long hidden) {
        tensors.put("model.embed_tokens.weight", new Entry(Kind.BF16, vocabulary, hidden));
        tensors.put("lm_head.weight", new Entry(Kind.BF16, vocabulary, hidden));
        tensors.put("model.norm.weight", new Entry(Kind.ONES, hidden));
    }

    private void norms(String layer, long hidden) {
        tensors.put(layer + "input_layernorm.weight", new Entry(Kind.ONES, hidden));
        tensors.put(layer + "post_attention_layernorm.weight", new Entry(Kind.ONES, hidden));
    }

    private void matrix(String name, long out, long in) {
        tensors.put(name + ".weight", new Entry(fp8 ? Kind.FP8 : Kind.BF16, out, in));
        if (fp8) {
            tensors.put(name + ".weight_scale_inv",
                    new Entry(Kind.SCALES, Math.ceilDiv(out, FP8_BLOCK), Math.ceilDiv(in, FP8_BLOCK)));
        }
    }

    private void mlp(String prefix, String gate, String up, String down, long width, long hidden) {
        matrix(prefix + gate, width, hidden);
        matrix(prefix + up, width, hidden);
        matrix(prefix + down, hidden, width);
    }

    private String qwen3(int layers) {
        outside(151_936, 2048);
        for (int l = 0; l < layers; l++) {
            String layer = "model.layers." + l + ".";
            norms(layer, 2048);
            matrix(layer + "self_attn.q_proj", 4096, 2048);
            matrix(layer + "self_attn.k_proj", 512, 2048);
            matrix(layer + "self_attn.v_proj", 512, 2048);
            matrix(layer + "self_attn.o_proj", 2048, 4096);
            tensors.put(layer + "self_attn.q_norm.weight", new Entry(Kind.ONES, 128));
            tensors.put(layer + "self_attn.k_norm.weight", new Entry(Kind.ONES, 128));
            tensors.put(layer + "mlp.gate.weight", new Entry(Kind.BF16, 128, 2048));
            for (int e = 0; e < 128; e++) {
                mlp(layer + "mlp.experts." + e + ".", "gate_proj", "up_proj", "down_proj", 768, 2048);
            }
        }
        return """
                {"model_type": "qwen3_moe", "hidden_size": 2048, "num_attention_heads": 32, "num_key_value_heads": 4,
                 "head_dim": 128, "num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 768,
                 "intermediate_size": 6144, "norm_topk_prob": true, "num_hidden_layers": %d, "vocab_size": 151936,
                 "max_position_embeddings": 40960, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
                 "decoder_sparse_step": 1, "mlp_only_layers": [], "tie_word_embeddings": false, "hidden_act": "silu"}
                """.formatted(layers);
    }

    private String mixtral(int layers) {
        outside(32_000, 4096);
        for (int l = 0; l < layers; l++) {
            String layer = "model.layers." + l + ".";
            norms(layer, 4096);
            matrix(layer + "self_attn.q_proj", 4096, 4096);
            matrix(layer + "self_attn.k_proj", 1024, 4096);
            matrix(layer + "self_attn.v_proj", 1024, 4096);
            matrix(layer + "self_attn.o_proj", 4096, 4096);
            tensors.put(layer + "block_sparse_moe.gate.weight", new Entry(Kind.BF16, 8, 4096));
            for (int e = 0; e < 8; e++) {
                mlp(layer + "block_sparse_moe.experts." + e + ".", "w1", "w3", "w2", 14_336, 4096);
            }
        }
        return """
                {"model_type": "mixtral", "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8,
                 "num_local_experts": 8, "num_experts_per_tok": 2, "intermediate_size": 14336,
                 "num_hidden_layers": %d, "vocab_size": 32000, "max_position_embeddings": 32768,
                 "rms_norm_eps": 1e-5, "rope_theta": 1000000.0, "sliding_window": null,
                 "tie_word_embeddings": false, "hidden_act": "silu"}
                """.formatted(layers);
    }

    /**
     * DeepSeek-V3's kind of layer.
     *
     * @param hidden  a multiple of 128, like the other widths
     * @param heads   of 128 + 64 columns
     * @param experts a multiple of 8
     */
    private String deepseek(int layers, int vocabulary, int hidden, int heads, int queryRank, int experts, int width) {
        outside(vocabulary, hidden);
        for (int l = 0; l < layers; l++) {
            String layer = "model.layers." + l + ".";
            norms(layer, hidden);
            matrix(layer + "self_attn.q_a_proj", queryRank, hidden);
            tensors.put(layer + "self_attn.q_a_layernorm.weight", new Entry(Kind.ONES, queryRank));
            matrix(layer + "self_attn.q_b_proj", heads * 192L, queryRank);
            matrix(layer + "self_attn.kv_a_proj_with_mqa", 576, hidden);
            tensors.put(layer + "self_attn.kv_a_layernorm.weight", new Entry(Kind.ONES, 512));
            matrix(layer + "self_attn.kv_b_proj", heads * 256L, 512);
            matrix(layer + "self_attn.o_proj", hidden, heads * 128L);
            tensors.put(layer + "mlp.gate.weight", new Entry(Kind.BF16, experts, hidden));
            tensors.put(layer + "mlp.gate.e_score_correction_bias", new Entry(Kind.SCALES, experts));
            for (int e = 0; e < experts; e++) {
                mlp(layer + "mlp.experts." + e + ".", "gate_proj", "up_proj", "down_proj", width, hidden);
            }
            mlp(layer + "mlp.shared_experts.", "gate_proj", "up_proj", "down_proj", width, hidden);
        }
        return """
                {"model_type": "deepseek_v3", "hidden_size": %d, "num_attention_heads": %d,
                 "num_key_value_heads": %d, "q_lora_rank": %d, "kv_lora_rank": 512, "qk_nope_head_dim": 128,
                 "qk_rope_head_dim": 64, "v_head_dim": 128, "n_routed_experts": %d, "num_experts_per_tok": 8,
                 "n_shared_experts": 1, "n_group": 8, "topk_group": 4, "moe_intermediate_size": %d,
                 "intermediate_size": 18432, "first_k_dense_replace": 0, "routed_scaling_factor": 2.5,
                 "norm_topk_prob": true, "scoring_func": "sigmoid", "topk_method": "noaux_tc",
                 "num_hidden_layers": %d, "vocab_size": %d, "max_position_embeddings": 163840,
                 "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": false, "hidden_act": "silu",
                 "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic",
                  "weight_block_size": [128, 128]}}
                """.formatted(hidden, heads, heads, queryRank, experts, width, layers, vocabulary);
    }

    private void write(Path file) throws IOException {
        StringJoiner entries = new StringJoiner(",", "{", "}");
        long at = 0;
        for (Map.Entry<String, Entry> tensor : tensors.entrySet()) {
            StringJoiner shape = new StringJoiner(",", "[", "]");
            for (long size : tensor.getValue().shape) {
                shape.add(Long.toString(size));
            }
            long end = at + tensor.getValue().bytes();
            entries.add("\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}".formatted(tensor.getKey(),
                    tensor.getValue().type(), shape, at, end));
            at = end;
        }
        byte[] header = entries.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer start = ByteBuffer.allocate(8 + Math.ceilDiv(header.length, 8) * 8).order(ByteOrder.LITTLE_ENDIAN);
        start.putLong(start.capacity() - 8L).put(header);
        while (start.hasRemaining()) {
            start.put((byte) ' ');
        }
        Map<Kind, ByteBuffer> noise = Map.of(Kind.BF16, bf16(), Kind.FP8, fp8(), Kind.ONES, ones(), Kind.SCALES,
                scales());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                ExecutorService threads = Executors.newFixedThreadPool(WRITERS)) {
            long position = channel.write(start.flip());
            Random random = new Random(1);
            List<Future<?>> parts = new ArrayList<>();
            for (Entry entry : tensors.values()) {
                long from = position;
                int noiseFrom = random.nextInt(NOISE_BYTES / 8) * 4;
                parts.add(threads.submit(() -> {
                    fill(channel, from, noise.get(entry.kind), noiseFrom, entry.bytes());
                    return null;
                }));
                position += entry.bytes();
            }
            for (Future<?> part : parts) {
                part.get();
            }
        } catch (InterruptedException | ExecutionException e) {
            throw new IOException(e);
        }
    }

    /** Writes from some place of the noise on, round and round. */
    private static void fill(FileChannel channel, long position, ByteBuffer noise, int from, long bytes)
            throws IOException {
        while (bytes > 0) {
            int some = (int) Math.min(bytes, NOISE_BYTES - from);
            ByteBuffer part = noise.slice(from, some);
            while (part.hasRemaining()) {
                position += channel.write(part, position);
            }
            bytes -= some;
            from = 0;
        }
    }

    private static ByteBuffer noise() {
        return ByteBuffer.allocateDirect(NOISE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer bf16() {
        Random random = new Random(2);
        ByteBuffer noise = noise();
        while (noise.hasRemaining()) {
            noise.putShort((short) (Float.floatToRawIntBits((float) (0.02 * random.nextGaussian())) >>> 16));
        }
        return noise.rewind();
    }

    /** All codes but the two NaNs and the largest values. */
    private static ByteBuffer fp8() {
        Random random = new Random(3);
        ByteBuffer noise = noise();
        while (noise.hasRemaining()) {
            noise.put((byte) (random.nextInt(0x60) | random.nextInt(2) << 7));
        }
        return noise.rewind();
    }

    private static ByteBuffer ones() {
        ByteBuffer noise = noise();
        while (noise.hasRemaining()) {
            noise.putShort((short) 0x3f80);
        }
        return noise.rewind();
    }

    private static ByteBuffer scales() {
        Random random = new Random(4);
        ByteBuffer noise = noise();
        while (noise.hasRemaining()) {
            noise.putFloat((1 + random.nextFloat()) * 0.004f);
        }
        return noise.rewind();
    }
}
