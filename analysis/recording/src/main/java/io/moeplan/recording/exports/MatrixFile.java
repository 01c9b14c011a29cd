package io.moeplan.recording.exports;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.planfile.AtomicFile;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.NewTensor;
import io.moeplan.tensors.npy.NpyWriter;
import io.moeplan.tensors.torch.TorchWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Counts {@code [steps][layers][experts]}, or {@code [layers][experts]} for a sum: JSON, NumPy, PyTorch, CSV or text, by the
 * file's ending. CSV numbers the layers; in CSV and text blank lines separate steps.
 */
final class MatrixFile {
    private MatrixFile() {}

    /** @throws IllegalArgumentException if the file's ending is none of those */
    static List<String> write(LoadTrace trace, boolean sum, Path out) throws IOException {
        String name = out.toString();
        String ending = name.substring(name.lastIndexOf('.') + 1);
        AtomicFile.Content content = switch (ending) {
            case "npy" -> stream -> NpyWriter.write(stream, tensor(trace, sum));
            case "pt" -> stream -> TorchWriter.write(stream, tensor(trace, sum));
            case "json" -> stream -> json(trace, sum, stream);
            case "csv" -> stream -> text(trace, true, stream);
            case "txt" -> stream -> text(trace, false, stream);
            default ->
                throw new IllegalArgumentException(out + ": counts are written as .json, .npy, .pt, .csv or .txt:"
                        + " end the file's name in one of these");
        };
        AtomicFile.write(out, content);
        String shape = sum ? "" : trace.steps().size() + " steps x ";
        String layers = Arrays.stream(trace.layerIds()).mapToObj(Integer::toString).collect(Collectors.joining(", "));
        return List.of("Counts of " + shape + trace.layers() + " layers x " + trace.experts()
                + " experts; the layers are the model's " + layers + ".");
    }

    private static NewTensor tensor(LoadTrace trace, boolean sum) {
        int width = trace.layers() * trace.experts();
        long[] shape = sum
                ? new long[]{trace.layers(), trace.experts()}
                : new long[]{trace.steps().size(), trace.layers(), trace.experts()};
        return new NewTensor(DType.I64, shape, (from, into, count) -> {
            for (int done = 0; done < count;) {
                int at = (int) ((from + done) % width);
                int some = Math.min(width - at, count - done);
                int[] step = trace.steps().get((int) ((from + done) / width)).counts();
                System.arraycopy(step, at, into, done, some);
                done += some;
            }
        });
    }

    private static void json(LoadTrace trace, boolean sum, OutputStream out) throws IOException {
        if (!sum) {
            print(out, "[");
        }
        for (int s = 0; s < trace.steps().size(); s++) {
            int[] counts = trace.steps().get(s).counts();
            print(out, (s == 0 ? "" : ",\n") + IntStream.range(0, trace.layers())
                    .mapToObj(layer -> Arrays.toString(row(trace, counts, layer)))
                    .collect(Collectors.joining(",\n", "[", "]")));
        }
        print(out, sum ? "\n" : "]\n");
    }

    private static void text(LoadTrace trace, boolean csv, OutputStream out) throws IOException {
        String separator = csv ? "," : " ";
        if (csv) {
            print(out, "layer," + StepTable.experts(trace.experts()) + "\n");
        }
        for (int s = 0; s < trace.steps().size(); s++) {
            print(out, s == 0 ? "" : "\n");
            int[] counts = trace.steps().get(s).counts();
            for (int layer = 0; layer < trace.layers(); layer++) {
                String row = Arrays.stream(row(trace, counts, layer)).mapToObj(Integer::toString)
                        .collect(Collectors.joining(separator));
                print(out, (csv ? trace.layerId(layer) + "," : "") + row + "\n");
            }
        }
    }

    private static int[] row(LoadTrace trace, int[] counts, int layer) {
        return Arrays.copyOfRange(counts, layer * trace.experts(), (layer + 1) * trace.experts());
    }

    private static void print(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
    }
}
