package io.moeplan.recording.imports;

import io.moeplan.tensors.StridedTensor;
import io.moeplan.tensors.torch.Sequence;
import io.moeplan.tensors.torch.Value;
import java.io.IOException;
import java.nio.file.Path;

/**
 * One rank's part of one forward pass.
 *
 * @param number its place among the file's records
 * @param passId {@code forward_pass_id}
 * @param map    from physical to logical experts, as the file says
 */
record SglangRecord(Path file, int number, long passId, Value.Dict dict, PhysicalMap map) {
    private static final String TOP_K_IDS = "topk_ids_of_layer";
    /** SGLang's ForwardMode. */
    private static final long DECODE = 2;

    static SglangRecord of(Path file, int number, Value value, PhysicalMap map) throws IOException {
        if (!(value instanceof Value.Dict dict)) {
            throw new IOException(file + ": record " + number + " is " + value.kind() + ", expected a dict");
        }
        if (!(dict.get("forward_pass_id") instanceof Value.Int(long passId)) || passId < 0) {
            throw new IOException(file + ": record " + number + " has no \"forward_pass_id\", a number from 0 on");
        }
        return new SglangRecord(file, number, passId, dict, map);
    }

    boolean hasTokens() {
        return dict.get(TOP_K_IDS) != null;
    }

    /** What tells it from the same pass's records of other ranks. */
    String key() {
        return part("rank") + " " + part("gatherer_key");
    }

    private String part(String key) {
        return switch (dict.get(key)) {
            case Value.Int(long number) -> Long.toString(number);
            case Value.Text(String text) -> text;
            case null, default -> "";
        };
    }

    /** {@code [layers][physical experts]}. */
    StridedTensor counts() throws IOException {
        StridedTensor counts = Archives.tensor(file, dict, where(), "global_physical_count", 2);
        if (counts.size(0) != map.layers() || counts.size(1) != map.physical()) {
            throw new IOException(file + ": " + where() + "\"global_physical_count\" is " + counts + ", expected "
                    + map.layers() + " layers x " + map.physical() + " physical experts as in the map");
        }
        return counts;
    }

    /** {@code [layers][tokens][width]}, physical experts, padded with -1. */
    StridedTensor ids() throws IOException {
        StridedTensor ids = Archives.tensor(file, dict, where(), TOP_K_IDS, 3);
        if (ids.size(0) != map.layers()) {
            throw new IOException(file + ": " + where() + "\"" + TOP_K_IDS + "\" is " + ids + ", expected "
                    + map.layers() + " layers as in the map");
        }
        return ids;
    }

    /** The numbers of a list or tensor, null if there is none: {@code input_ids}, {@code positions}. */
    int[] numbers(String key) throws IOException {
        return switch (dict.get(key)) {
            case Value.Items(Sequence items) when items.isInts() -> items.ints();
            case Value.Tensor(StridedTensor tensor) when tensor.isWhole() -> tensor.toInts();
            case Value.None none -> null;
            case null -> null;
            case Value other -> throw new IOException(file + ": " + where() + "\"" + key + "\" is " + other.kind()
                    + ", expected whole numbers");
        };
    }

    boolean hasPhase() {
        return dict.get("forward_mode") instanceof Value.Int;
    }

    boolean isDecode() {
        return dict.get("forward_mode") instanceof Value.Int(long mode) && mode == DECODE;
    }

    String where() {
        return "record " + number + " (pass " + passId + "): ";
    }
}
