package io.moeplan.engine.cuda.weights;

import io.moeplan.engine.cuda.driver.Cuda;
import io.moeplan.engine.cuda.driver.DeviceBuffer;
import io.moeplan.engine.cuda.driver.Launcher;
import io.moeplan.engine.cuda.driver.NumberType;
import io.moeplan.tensors.DType;
import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Fp8Matrix;
import io.moeplan.tensors.matrix.Matrix;
import io.moeplan.tensors.matrix.Mxfp4Matrix;
import io.moeplan.tensors.matrix.PlainMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** Turns raw weights into rows of activations' type on the device ({@code unpack.cu}), and looks for NaN on the way. */
final class Unpacking implements AutoCloseable {
    /** Of the kernel's {@code Job}: eight 64-bit and eight 32-bit numbers. */
    private static final long JOB_BYTES = 96;
    private static final int MXFP4 = 7;
    private static final int MOST_WARNINGS = 10;
    /** Blocks of a launch, about: a few for each multiprocessor. */
    private static final int BLOCKS = 2048;

    private final Launcher launcher;
    private final Map<Piece, Integer> firstJob = new HashMap<>();
    private final List<Matrix> matrices = new ArrayList<>();
    private final DeviceBuffer jobs;
    private final DeviceBuffer notFinite;
    private final Set<String> warned = new HashSet<>();

    /** Describes all that these pieces hold. */
    Unpacking(Cuda cuda, Launcher launcher, List<Piece> pieces) {
        this.launcher = launcher;
        for (Piece piece : pieces) {
            firstJob.put(piece, matrices.size());
            piece.matrices().forEach(placed -> matrices.add(placed.matrix()));
        }
        jobs = new DeviceBuffer(cuda, JOB_BYTES * matrices.size());
        notFinite = new DeviceBuffer(cuda, 4L * matrices.size());
        notFinite.fill(launcher.stream(), (byte) 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment table = arena.allocate(jobs.bytes(), 8);
            for (Piece piece : pieces) {
                int number = firstJob.get(piece);
                for (Piece.Placed placed : piece.matrices()) {
                    write(table.asSlice(JOB_BYTES * number++, JOB_BYTES), piece, placed);
                }
            }
            jobs.write(launcher.stream(), 0, table);
            launcher.stream().synchronize();
        }
    }

    private static void write(MemorySegment job, Piece piece, Piece.Placed placed) {
        Matrix matrix = placed.matrix();
        Tensor weights = matrix.tensors().getFirst();
        long scale = matrix.tensors().size() > 1 ? piece.rawAt(matrix.tensors().get(1)) : 0;
        longs(job, 0, piece.rawAt(weights), scale, placed.at());
        job.setAtIndex(ValueLayout.JAVA_INT, 22, placed.form().code());
        switch (matrix) {
            case PlainMatrix m -> {
                longs(job, 3, m.offset(), m.rowStride(), m.columnStride(), 0, 0);
                ints(job, m.rows(), m.columns(), format(weights), 0, 1, 1);
            }
            case Fp8Matrix m -> {
                longs(job, 3, m.weightOffset(), m.rowStep(), 1, m.firstRow(), m.scaleOffset());
                boolean scales = placed.form() == Piece.Form.SCALES;
                long perRow = Math.ceilDiv(m.columns(), m.blockColumns());
                if (scales) {
                    job.setAtIndex(ValueLayout.JAVA_LONG, 7,
                            m.scaleOffset() + m.firstRow() / m.blockRows() * perRow);
                }
                ints(job, scales ? m.rows() / m.blockRows() : m.rows(), scales ? (int) perRow : m.columns(),
                        format(weights), format(m.scale()), m.blockRows(), m.blockColumns());
            }
            case Mxfp4Matrix m -> {
                longs(job, 3, 0, m.rowStep(), 1, m.storedRow(), 0);
                ints(job, m.rows(), m.columns(), MXFP4, 0, 1, 1);
            }
        }
    }

    private static void longs(MemorySegment job, int from, long... values) {
        for (int i = 0; i < values.length; i++) {
            job.setAtIndex(ValueLayout.JAVA_LONG, from + i, values[i]);
        }
    }

    private static void ints(MemorySegment job, int... values) {
        for (int i = 0; i < values.length; i++) {
            job.setAtIndex(ValueLayout.JAVA_INT, 16 + i, values[i]);
        }
    }

    private static int format(Tensor tensor) {
        return switch (tensor.type()) {
            case F32 -> 0;
            case F16 -> 1;
            case BF16 -> 2;
            case F64 -> 3;
            case F8_E4M3 -> 4;
            case F8_E5M2 -> 5;
            case F8_E8M0 -> 6;
            case DType other -> throw new IllegalArgumentException(tensor + " holds no floats");
        };
    }

    /** Queues the unpacking of a piece. */
    void unpack(Piece piece, long raw, long to) {
        int count = piece.matrices().size();
        int first = firstJob.get(piece);
        launcher.grid(launcher.kernel("unpack", "unpack"), Math.max(1, BLOCKS / count), count, 256, 0,
                jobs.address() + JOB_BYTES * first, raw, to, notFinite.address() + 4L * first);
    }

    /** Waits for what is queued and warns of tensors with weights that are not finite, each once. */
    void warn(Consumer<String> warnings) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flags = arena.allocate(notFinite.bytes(), 4);
            notFinite.read(launcher.stream(), 0, flags);
            launcher.stream().synchronize();
            for (int i = 0; i < matrices.size(); i++) {
                if (flags.getAtIndex(ValueLayout.JAVA_INT, i) != 0 && warned.size() <= MOST_WARNINGS
                        && warned.add(matrices.get(i).name())) {
                    warnings.accept(warned.size() <= MOST_WARNINGS
                            ? matrices.get(i).file() + ": tensor " + matrices.get(i).name() + wrong()
                            : "weights of further tensors are not finite either; no more of them are named");
                }
            }
        }
    }

    private String wrong() {
        return launcher.type() == NumberType.FP16
                ? " holds NaN, infinity or a number beyond float16's 65,504: the checkpoint is damaged, or needs"
                        + " --precision bf16"
                : " holds NaN or infinity: the checkpoint is damaged";
    }

    @Override
    public void close() {
        jobs.close();
        notFinite.close();
    }
}
