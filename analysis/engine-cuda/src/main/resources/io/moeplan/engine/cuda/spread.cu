// Copies each token's row to its rows in expert order; a token is read once.
//
//   rows[slot_row[t][k]] = x[t]        (without slot_row and TOP_K 1: rows[t] = x[t])
//
// FP8: as e4m3, each 128 columns with a scale of their own: x = scale * e4m3, scale = largest magnitude / 448. Scales lie
// column-major, [WIDTH / 128][rows], so that neighbouring rows of a product read neighbouring scales.
//
// WIDTH: columns, a multiple of 8 (FP8: of 128). TOP_K: rows of a token. A block takes one token.

#include "numbers.cuh"

__device__ __forceinline__ u32 e4m3(float a, float b, float c, float d) {
    u16 first, second;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(first) : "f"(b), "f"(a));
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(second) : "f"(d), "f"(c));
    return first | (u32)second << 16;
}

#if FP8
extern "C" __global__ void __launch_bounds__(512)
spread(const u16* __restrict__ x, uint4* __restrict__ rows, float* __restrict__ scales, u64 scaleStride,
       const int* __restrict__ slotRow) {
    const u64 token = blockIdx.x;
    int to[TOP_K];
#pragma unroll
    for (int k = 0; k < TOP_K; k++) to[k] = slotRow ? slotRow[token * TOP_K + k] : (int)token;
    // Eight lanes take 128 columns, 16 each; all 32 stay for the shuffles.
    for (int from = 0; from < WIDTH; from += blockDim.x * 16) {
        const int column = from + threadIdx.x * 16;
        float f[16] = {};
        if (column < WIDTH) {
            const uint4* own = (const uint4*)(x + token * WIDTH + column);
            const uint4 v[2] = {own[0], own[1]};
#pragma unroll
            for (int i = 0; i < 8; i++) {
                const u32 pair = ((const u32*)v)[i];
                f[2 * i] = low(pair);
                f[2 * i + 1] = high(pair);
            }
        }
        float most = 0;
#pragma unroll
        for (int i = 0; i < 16; i++) most = fmaxf(most, fabsf(f[i]));
        for (int d = 4; d > 0; d /= 2) most = fmaxf(most, __shfl_xor_sync(~0u, most, d));
        const float scale = most > 0 ? most / 448.0f : 1.0f;
        const float inverse = 1.0f / scale;
#pragma unroll
        for (int i = 0; i < 16; i++) f[i] *= inverse;
        if (column >= WIDTH) continue;
        const uint4 packed = {e4m3(f[0], f[1], f[2], f[3]), e4m3(f[4], f[5], f[6], f[7]),
                              e4m3(f[8], f[9], f[10], f[11]), e4m3(f[12], f[13], f[14], f[15])};
#pragma unroll
        for (int k = 0; k < TOP_K; k++) rows[((u64)to[k] * WIDTH + column) / 16] = packed;
        if (threadIdx.x % 8 == 0) {
#pragma unroll
            for (int k = 0; k < TOP_K; k++) scales[column / 128 * scaleStride + to[k]] = scale;
        }
    }
}
#else
extern "C" __global__ void __launch_bounds__(512)
spread(const u16* __restrict__ x, u16* __restrict__ rows, const int* __restrict__ slotRow) {
    const u64 token = blockIdx.x;
    int to[TOP_K];
#pragma unroll
    for (int k = 0; k < TOP_K; k++) to[k] = slotRow ? slotRow[token * TOP_K + k] : (int)token;
    for (int column = threadIdx.x * 8; column < WIDTH; column += blockDim.x * 8) {
        uint4 v = *(const uint4*)(x + token * WIDTH + column);
#pragma unroll
        for (int k = 0; k < TOP_K; k++) *(uint4*)(rows + (u64)to[k] * WIDTH + column) = v;
    }
}
#endif
