package io.moeplan.recording.imports;

import io.moeplan.eplb.Phase;
import io.moeplan.recording.Absent;
import io.moeplan.recording.Mode;
import io.moeplan.tensors.StridedTensor;
import io.moeplan.tensors.npy.NpyFile;
import io.moeplan.tensors.torch.TorchArchive;
import io.moeplan.tensors.torch.Value;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Plain expert counts, [layers][experts] (one step) or [steps][layers][experts]: what scripts around the EPLB reference keep.
 * Layers are numbered from 0 unless the file numbers them; the source knows neither tokens nor requests. SGLang takes counts
 * of all decoder layers as JSON, {@code {"logical_count": ...}}.
 */
final class CountMatrix implements StepSource {
    /** Where the counts lie. */
    @FunctionalInterface
    interface Cells {
        /** Reads a step, {@code [layers * experts]}. */
        void read(int step, double[] into) throws IOException;
    }

    /**
     * A matrix of counts.
     *
     * @param numbers       of the layers, null if not told
     * @param decoderLayers whether layers are all decoder layers, so that those without any count are dense
     */
    record Matrix(int steps, int layers, int experts, boolean hasSteps, int[] numbers, Cells cells,
            boolean decoderLayers) {
        Matrix(int steps, int layers, int experts, boolean hasSteps, int[] numbers, Cells cells) {
            this(steps, layers, experts, hasSteps, numbers, cells, false);
        }

        /** The same of all decoder layers. */
        Matrix ofDecoder() {
            return new Matrix(steps, layers, experts, hasSteps, numbers, cells, true);
        }
    }

    /** More than this share lost by rounding is no count but a share of something. */
    private static final double MOST_LOST = 0.01;

    private final Path path;
    private final Matrix matrix;
    private final Closeable file;

    private CountMatrix(Path path, Matrix matrix, Closeable file) {
        this.path = path;
        this.matrix = matrix;
        this.file = file;
    }

    /** Opens a file of any of the formats, by its first bytes. */
    static CountMatrix open(Path path) throws IOException {
        return switch (FirstBytes.of(path)) {
            case NUMPY -> ofNumpy(path);
            case ZIP -> ofTorch(path);
            case JSON_ARRAY, JSON_OBJECT -> new CountMatrix(path, CountJson.read(path), () -> {});
            case TEXT -> new CountMatrix(path, CountText.read(path), () -> {});
            default -> throw new IOException(path + ": no counts: expected .json, .npy, .pt, .csv or text");
        };
    }

    @SuppressWarnings("MustBeClosedChecker") // the source that is returned closes the file
    private static CountMatrix ofNumpy(Path path) throws IOException {
        NpyFile file = NpyFile.open(path);
        try {
            return new CountMatrix(path, of(file.array()), file::close);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // the source that is returned closes the archive
    private static CountMatrix ofTorch(Path path) throws IOException {
        TorchArchive archive = TorchArchive.open(path);
        try {
            return new CountMatrix(path, of(onlyTensor(archive)), archive::close);
        } catch (IOException | RuntimeException e) {
            archive.close();
            throw e;
        }
    }

    /** The archive's tensor, be it by itself or the only one in a dict. */
    static StridedTensor onlyTensor(TorchArchive archive) throws IOException {
        if (archive.root() instanceof Value.Tensor(StridedTensor tensor)) {
            return tensor;
        }
        if (archive.root() instanceof Value.Dict dict) {
            List<StridedTensor> tensors = dict.entries().values().stream()
                    .filter(value -> value instanceof Value.Tensor).map(value -> ((Value.Tensor) value).value())
                    .toList();
            if (tensors.size() == 1) {
                return tensors.getFirst();
            }
        }
        throw new IOException(archive.path() + ": holds " + archive.root().kind()
                + ", expected a tensor of counts, or a dict with one");
    }

    private static Matrix of(StridedTensor tensor) throws IOException {
        int rank = tensor.rank();
        if (rank != 2 && rank != 3) {
            throw new IOException(tensor.file() + ": holds " + tensor
                    + ", expected counts [layers][experts] or [steps][layers][experts]");
        }
        Counts.requirePossible(tensor, tensor.size(rank - 2), tensor.size(rank - 1));
        if (rank == 3 && (tensor.size(0) < 1 || tensor.size(0) > Integer.MAX_VALUE)) {
            throw new IOException(tensor.file() + ": holds " + tensor + ", expected at least one step");
        }
        int steps = rank == 2 ? 1 : (int) tensor.size(0);
        return new Matrix(steps, (int) tensor.size(rank - 2), (int) tensor.size(rank - 1), rank == 3, null,
                (step, into) -> tensor.doubles((long) step * into.length, into, 0, into.length));
    }

    @Override
    public String name() {
        return SourceNames.of(path);
    }

    @Override
    public SourceFormat format() {
        return SourceFormat.COUNT_MATRIX;
    }

    @Override
    public Shape shape() {
        Set<Absent> absent = EnumSet.noneOf(Absent.class);
        if (!matrix.hasSteps()) {
            absent.add(Absent.STEPS);
        }
        if (matrix.numbers() == null && !matrix.decoderLayers()) {
            absent.add(Absent.LAYER_NUMBERS);
        }
        int[] numbers = matrix.numbers() == null ? IntStream.range(0, matrix.layers()).toArray() : matrix.numbers();
        return new Shape(Mode.PER_PASS, numbers, matrix.decoderLayers() ? matrix.layers() : 0, matrix.experts(), 0,
                matrix.decoderLayers(), absent);
    }

    @Override
    public void forEachStep(Visitor visitor) throws IOException {
        double[] values = new double[matrix.layers() * matrix.experts()];
        long[] counts = new long[values.length];
        for (int step = 0; step < matrix.steps(); step++) {
            matrix.cells().read(step, values);
            round(step, values, counts);
            visitor.step(step, Phase.MIXED, -1, counts, (step + 1.0) / matrix.steps());
        }
    }

    private void round(int step, double[] values, long[] counts) throws IOException {
        double sum = 0;
        double lost = 0;
        for (int i = 0; i < values.length; i++) {
            if (!(values[i] >= 0 && values[i] <= Integer.MAX_VALUE)) {
                throw new IOException(path + ": step " + step + ", layer " + i / matrix.experts() + ", expert "
                        + i % matrix.experts() + " is " + values[i] + ", expected a count from 0 to "
                        + Integer.MAX_VALUE);
            }
            counts[i] = Math.round(values[i]);
            sum += values[i];
            lost += Math.abs(values[i] - counts[i]);
        }
        if (lost > sum * MOST_LOST) {
            throw new IOException(path + ": step " + step
                    + " holds fractions, expected counts; multiply them to whole numbers, for example by 1000000");
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
