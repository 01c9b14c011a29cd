package io.moeplan.recording.imports;

import com.fasterxml.jackson.databind.JsonNode;
import io.moeplan.tensors.Printable;
import io.moeplan.tensors.StridedTensor;
import io.moeplan.tensors.npy.NpyArray;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;

/**
 * The routed experts of one output, {@code [tokens][layers][topK]} row-major.
 *
 * @param start the first token's place in its request
 */
record ExpertIds(int tokens, int layers, int topK, int[] ids, int start) {
    /** What is known of the shape where the ids come without: null or 0 if not. */
    record Hint(Integer layers, Integer topK, int tokens) {}

    /**
     * Reads ids as servers write them: base64 of a .npy file (vLLM), base64 of int32 (SGLang), base64 with a shape, or nested
     * arrays.
     *
     * @param where the place in the file, for messages
     */
    static ExpertIds of(Path file, String where, JsonNode node, Hint hint) throws IOException {
        if (node.isTextual()) {
            byte[] bytes = decode(file, where, node.textValue());
            MemorySegment segment = MemorySegment.ofArray(bytes);
            return NpyArray.begins(segment)
                    ? ofArray(file, where, NpyArray.parse(file, where + "routed_experts", segment))
                    : ofInts(file, where, bytes, hint);
        }
        if (node.isObject() && node.path("data").isTextual()) {
            return ofShaped(file, where, node);
        }
        if (node.isArray()) {
            return ofNested(file, where, node);
        }
        throw new IOException(file + ": " + where + "routed_experts is neither base64 text nor arrays");
    }

    private static byte[] decode(Path file, String where, String text) throws IOException {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + where + "routed_experts is not base64: " + e.getMessage(), e);
        }
    }

    private static ExpertIds ofArray(Path file, String where, StridedTensor array) throws IOException {
        if (array.rank() != 3 || !array.isWhole()) {
            throw new IOException(file + ": " + where + "routed_experts is " + array
                    + ", expected whole numbers [tokens, layers, experts per token]");
        }
        return made(file, where, array.shape(), array.toInts(), 0);
    }

    private static ExpertIds made(Path file, String where, long[] shape, int[] ids, int start) throws IOException {
        boolean possible = shape.length == 3 && shape[0] >= 0 && shape[1] >= 1 && shape[1] < 1 << 15 && shape[2] >= 1
                && shape[2] <= 1024 && shape[0] <= Integer.MAX_VALUE && shape[1] * shape[2] <= 1 << 20
                && shape[0] * shape[1] * shape[2] == ids.length;
        if (!possible) {
            throw new IOException(file + ": " + where + "routed_experts is " + ids.length + " numbers in the shape "
                    + Arrays.toString(shape) + ", expected [tokens, layers, experts per token]");
        }
        return new ExpertIds((int) shape[0], (int) shape[1], (int) shape[2], ids, start);
    }

    private static ExpertIds ofInts(Path file, String where, byte[] bytes, Hint hint) throws IOException {
        int[] ids = new int[bytes.length / Integer.BYTES];
        if (ids.length * Integer.BYTES != bytes.length) {
            throw new IOException(file + ": " + where + "routed_experts is " + bytes.length
                    + " bytes, no whole number of int32");
        }
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(ids);
        if (hint.topK() == null) {
            throw new IOException(file + ": " + where + "routed_experts comes without its shape: give the experts per"
                    + " token with --top-k, and the layers with --layers");
        }
        long layers = hint.layers() == null ? layers(ids.length, hint) : hint.layers();
        if (layers == 0) {
            throw new IOException(file + ": " + where + "routed_experts comes without its shape, and its "
                    + ids.length + " numbers do not tell the layers: give them with --layers");
        }
        long perToken = layers * hint.topK();
        if (ids.length % perToken != 0) {
            throw new IOException(
                    file + ": " + where + "routed_experts is " + ids.length + " numbers, which do not divide"
                            + " by " + layers + " layers x " + hint.topK() + " experts per token");
        }
        return made(file, where, new long[]{ids.length / perToken, layers, hint.topK()}, ids, 0);
    }

    /** From the number of tokens, of which the last is not routed; 0 if that is not unambiguous. */
    private static long layers(int numbers, Hint hint) {
        long all = divided(numbers, (long) hint.tokens() * hint.topK());
        long butLast = divided(numbers, (hint.tokens() - 1L) * hint.topK());
        return all > 0 && butLast > 0 ? 0 : Math.max(all, butLast);
    }

    private static long divided(int numbers, long by) {
        return by > 0 && numbers % by == 0 ? numbers / by : 0;
    }

    private static ExpertIds ofShaped(Path file, String where, JsonNode node) throws IOException {
        byte[] bytes = decode(file, where, node.path("data").textValue());
        JsonNode dims = node.path("shape");
        long[] shape = new long[Math.min(4, dims.size())];
        long count = 1;
        for (int d = 0; d < shape.length; d++) {
            shape[d] = dims.get(d).asLong(-1);
            count = shape[d] < 0 || shape[d] > bytes.length ? Long.MAX_VALUE : Math.min(count, 1L << 31) * shape[d];
        }
        long width = count < 1 || count > bytes.length ? 0 : bytes.length / count;
        boolean sound = count == 0
                ? bytes.length == 0
                : (width == 1 || width == 2 || width == 4 || width == 8) && width * count == bytes.length;
        if (!sound) {
            throw new IOException(file + ": " + where + "routed_experts is " + bytes.length + " bytes in the shape "
                    + Printable.of(dims.toString()) + ", expected [tokens, layers, experts per token]");
        }
        int[] ids = new int[(int) count];
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < ids.length; i++) {
            ids[i] = switch ((int) width) {
                case 1 -> in.get() & 0xff;
                case 2 -> in.getShort();
                case 4 -> in.getInt();
                default -> Math.clamp(in.getLong(), -1, Integer.MAX_VALUE);
            };
        }
        int start = node.path("start").isInt() ? Math.max(0, node.path("start").intValue()) : 0;
        return made(file, where, shape, ids, start);
    }

    private static ExpertIds ofNested(Path file, String where, JsonNode node) throws IOException {
        int tokens = node.size();
        int layers = tokens == 0 ? 1 : node.get(0).size();
        int topK = tokens == 0 || layers == 0 ? 1 : node.get(0).get(0).size();
        long count = 0;
        for (JsonNode token : node) {
            for (JsonNode layer : token) {
                count += layer.size();
            }
        }
        // The first token's shape alone must not decide how much memory this takes.
        if (count != (long) tokens * layers * topK || count > Integer.MAX_VALUE - 8) {
            throw uneven(file, where);
        }
        int[] ids = new int[(int) count];
        int next = 0;
        for (JsonNode token : node) {
            for (JsonNode layer : token) {
                for (JsonNode id : layer) {
                    if (!id.isInt() || next == ids.length) {
                        throw uneven(file, where);
                    }
                    ids[next++] = id.intValue();
                }
                if (layer.size() != topK) {
                    throw uneven(file, where);
                }
            }
            if (token.size() != layers) {
                throw uneven(file, where);
            }
        }
        return made(file, where, new long[]{tokens, layers, topK}, ids, 0);
    }

    private static IOException uneven(Path file, String where) {
        return new IOException(file + ": " + where
                + "routed_experts is no even array [tokens][layers][experts per token] of whole numbers");
    }

    /** This and, after it, another output's. */
    ExpertIds then(Path file, String where, ExpertIds next) throws IOException {
        if (next.layers != layers || next.topK != topK) {
            throw new IOException(file + ": " + where + "routed_experts has other layers or experts per token than"
                    + " prompt_routed_experts");
        }
        int[] both = Arrays.copyOf(ids, Math.addExact(ids.length, next.ids.length));
        System.arraycopy(next.ids, 0, both, ids.length, next.ids.length);
        return new ExpertIds(tokens + next.tokens, layers, topK, both, start);
    }
}
