package io.moeplan.engine.gemm;

import io.moeplan.tensors.Tensor;
import io.moeplan.tensors.matrix.Bf16View;
import io.moeplan.tensors.matrix.Matrix;
import io.moeplan.tensors.matrix.PlainMatrix;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A weight matrix {@code [out][in]} in native memory: element {@code [o][i]} is number {@code o * outStride + i * inStride}
 * of {@code data}.
 */
record Stored(MemorySegment data, OneDnn.Type type, long outStride, long inStride) {
    /** The matrix as it lies in memory, if oneDNN can multiply activations of this precision with it so. */
    static Optional<Stored> of(Matrix weight, Precision precision) {
        Optional<Bf16View> bf16 = weight.bf16();
        if (bf16.isPresent()) {
            Bf16View view = bf16.get();
            return Optional.of(new Stored(view.data(), OneDnn.Type.BF16, view.rowStride(), view.columnStride()))
                    .filter(stored -> stored.data().isNative());
        }
        if (precision == Precision.FP32 && weight instanceof PlainMatrix plain) {
            return of(plain).filter(stored -> stored.data().isNative());
        }
        return Optional.empty();
    }

    private static Optional<Stored> of(PlainMatrix plain) {
        Tensor tensor = plain.tensor();
        OneDnn.Type type = switch (tensor.type()) {
            case F32 -> OneDnn.Type.F32;
            case F16 -> OneDnn.Type.F16;
            default -> null;
        };
        return Optional.ofNullable(type).map(known -> new Stored(tensor.data().asSlice(plain.offset()
                * tensor.type().bytes()), known, plain.rowStride(), plain.columnStride()));
    }

    /** Part of it. */
    Stored part(Part part) {
        return new Stored(data.asSlice((part.out() * outStride + part.in() * inStride) * type.bytes()), type, outStride,
                inStride);
    }

    /** Contiguous rows in scratch memory. */
    static Stored of(Rows rows) {
        OneDnn.Type type = rows.element() == Element.BF16 ? OneDnn.Type.BF16 : OneDnn.Type.F32;
        return new Stored(rows.data(), type, rows.stride(), 1);
    }
}
