// The grouped product of grouped_gemm.cu, one thread an output, float32 sums: what faster kernels are held to.

#include "numbers.cuh"

__device__ float dot(const u16* a, const u16* b, int depth) {
    float sum = 0;
    for (int k = 0; k < depth; k++) sum = fmaf(widen(a[k]), widen(b[k]), sum);
    return sum;
}

// gated: whether weights hold gates, then ups, and the result is MLP_SCALE * silu(gate) * up.
extern "C" __global__ void grouped_gemm_simple(const u16* a, const u16* w, u16* c, const int* offsets, int experts,
                                               int columns, int depth, int gated) {
    int row = blockIdx.y;
    int column = blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    int expert = 0;
    while (offsets[expert + 1] <= row) expert++;
    const u16* x = a + (unsigned long long)row * depth;
    const u16* own = w + (unsigned long long)expert * (gated ? 2 : 1) * columns * depth;
    float y = dot(x, own + (unsigned long long)column * depth, depth);
    if (gated) y = MLP_SCALE * (y / (1.0f + expf(-y)) * dot(x, own + (unsigned long long)(columns + column) * depth, depth));
    c[(unsigned long long)row * columns + column] = narrow(y);
}
