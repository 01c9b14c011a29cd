package io.moeplan.tensors.matrix;

import io.moeplan.tensors.Checkpoint;
import io.moeplan.tensors.CheckpointException;
import io.moeplan.tensors.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Finds weight matrices in a checkpoint by the name their unquantised tensor has, in whatever format they are stored:
 * {@code NAME} alone; {@code NAME} in fp8 with {@code NAME_scale_inv} or {@code NAME_scale}; or {@code NAME_blocks} with
 * {@code NAME_scales} in mxfp4.
 *
 * @param fp8Blocks the {@code quantization_config.weight_block_size} of config.json, if there is one
 */
public record WeightSource(Checkpoint checkpoint, Optional<BlockSize> fp8Blocks) {
    /** Rows and columns that share a scale. */
    public record BlockSize(int rows, int columns) {
        public BlockSize {
            if (rows < 1 || columns < 1) {
                throw new IllegalArgumentException("weight_block_size [" + rows + ", " + columns
                        + "]: both have to be at least 1");
            }
        }
    }

    /** Whether there is a weight of that name in any format. */
    public boolean has(String name) {
        return checkpoint.find(name).isPresent() || checkpoint.find(name + "_blocks").isPresent();
    }

    /**
     * The matrix {@code [out, in]} of that name.
     *
     * @throws CheckpointException if it or its scales are missing or do not have the shapes and types of a format
     */
    public Matrix matrix(String name) throws CheckpointException {
        Optional<Tensor> blocks = mxfp4Blocks(name);
        if (blocks.isPresent()) {
            return Mxfp4Matrix.of(blocks.get(), scale(blocks.get(), name + "_scales"));
        }
        Tensor weight = checkpoint.get(name);
        if (!isFp8(weight)) {
            return PlainMatrix.of(weight);
        }
        Tensor scale = fp8Scale(weight);
        boolean blockwise = fp8Blocks.isPresent() && scale.shape().length == 2;
        return blockwise
                ? Fp8Matrix.of(weight, scale, fp8Blocks.get().rows(), fp8Blocks.get().columns())
                : Fp8Matrix.of(weight, scale);
    }

    /**
     * One expert's slice {@code [a, b]} of the fused weight {@code [experts, a, b]} of that name; its tensors are
     * {@code [1, ...]}, so that it can be read without the others. Only plain weights may be stored
     * {@code [experts, in, out]}; mxfp4 weights are always {@code [experts, out, in]}.
     *
     * @throws CheckpointException if it or its scales are missing or do not have the shapes and types of a format
     */
    public Matrix expert(String name, int expert) throws CheckpointException {
        Matrix inAll = expertInAll(name, expert);
        List<Tensor> own = inAll.tensors().stream().map(tensor -> tensor.entry(expert)).toList();
        return switch (inAll) {
            case PlainMatrix plain -> PlainMatrix.expert(own.getFirst(), 0);
            case Mxfp4Matrix mxfp4 -> Mxfp4Matrix.expert(own.getFirst(), own.get(1), 0);
            case Fp8Matrix fp8 ->
                Fp8Matrix.expert(own.getFirst(), own.get(1), fp8.blockRows(), fp8.blockColumns(), 0);
        };
    }

    /** Checks all that it is stored in. */
    private Matrix expertInAll(String name, int expert) throws CheckpointException {
        Optional<Tensor> blocks = mxfp4Blocks(name);
        if (blocks.isPresent()) {
            return Mxfp4Matrix.expert(blocks.get(), scale(blocks.get(), name + "_scales"), expert);
        }
        Tensor weight = checkpoint.get(name);
        if (!isFp8(weight)) {
            return PlainMatrix.expert(weight, expert);
        }
        if (fp8Blocks.isEmpty()) {
            throw new CheckpointException(weight.file(), "tensor " + name
                    + " is fp8, but config.json names no quantization_config.weight_block_size");
        }
        return Fp8Matrix.expert(weight, fp8Scale(weight), fp8Blocks.get().rows(), fp8Blocks.get().columns(), expert);
    }

    /**
     * How many experts the fused weight of that name holds.
     *
     * @throws CheckpointException if it is missing or not fused
     */
    public long experts(String name) throws CheckpointException {
        Optional<Tensor> blocks = mxfp4Blocks(name);
        Tensor weight = blocks.isPresent() ? blocks.get() : checkpoint.get(name);
        if (weight.shape().length < 3) {
            throw new CheckpointException(weight.file(), "tensor " + weight.name() + " has shape "
                    + Arrays.toString(weight.shape()) + ", expected one matrix for each expert");
        }
        return weight.shape()[0];
    }

    private Optional<Tensor> mxfp4Blocks(String name) {
        return checkpoint.find(name).isPresent() ? Optional.empty() : checkpoint.find(name + "_blocks");
    }

    private static boolean isFp8(Tensor weight) {
        return weight.type().isFloat() && !weight.type().isPlainFloat();
    }

    private Tensor fp8Scale(Tensor weight) throws CheckpointException {
        Optional<Tensor> scale = checkpoint.find(weight.name() + "_scale");
        return scale.isPresent() ? scale.get() : scale(weight, weight.name() + "_scale_inv");
    }

    private Tensor scale(Tensor weight, String name) throws CheckpointException {
        return checkpoint.find(name).orElseThrow(() -> new CheckpointException(weight.file(), "tensor " + weight.name()
                + " is " + weight.type() + ", but the checkpoint has no scales for it (" + name + ")"));
    }
}
