package io.moeplan.engine.model;

import io.moeplan.tensors.Tensor;

/** Every {@code step}th value of a tensor from {@code from} on, {@code count} of them: a norm's weight, a bias. */
public record Vector(Tensor tensor, long from, int count, int step) {
    /** Decodes them. */
    public float[] toFloats() {
        float[] values = new float[count];
        if (step == 1) {
            tensor.read(from, values, 0, count);
            return values;
        }
        for (int i = 0; i < count; i++) {
            tensor.read(from + (long) i * step, values, i, 1);
        }
        return values;
    }
}
