// The product of a gate and its input, as GroupedGemm.Gate describes it, times MLP_SCALE (NumberType.mlpScale).

struct Gate {
    float slope;
    float shift;
    float limit;
};

__device__ __forceinline__ float gated(float g, float u, Gate gate) {
#if CLAMPED
    g = fminf(g, gate.limit);
    u = fminf(fmaxf(u, -gate.limit), gate.limit) + gate.shift;
    return MLP_SCALE * (u * __fdividef(g, 1.0f + __expf(-gate.slope * g)));
#else
    return MLP_SCALE * (__fdividef(g, 1.0f + __expf(-g)) * u);
#endif
}
