// RMS norm of each query and key head and rotary embedding, in place, each value read and written once.
//
// DIM: columns of a head, 64, 128 or 256; DIM / 8 lanes take a head. ROTARY: how many of them turn, from the first: 16 times
// a power of two, or 0 for none. INTERLEAVED: pairs are neighbours (2i, 2i + 1), else halves (i, i + ROTARY / 2). NORM:
// whether heads are normed.

#include "numbers.cuh"

#define LANES (DIM / 8)

__device__ __forceinline__ void load8(const float* from, float (&to)[8]) {
    const float4 a = ((const float4*)from)[0];
    const float4 b = ((const float4*)from)[1];
    to[0] = a.x, to[1] = a.y, to[2] = a.z, to[3] = a.w;
    to[4] = b.x, to[5] = b.y, to[6] = b.z, to[7] = b.w;
}

// A block takes one token. rows: rowStride elements apart, with heads headStride apart. The first queries heads are normed
// with queryNorm, the others with keyNorm, [DIM]. turns: (cos, sin) of [position][ROTARY / 2]; positions: [tokens].
extern "C" __global__ void __launch_bounds__(256, 4)
head_rope(u16* __restrict__ rows, u64 rowStride, int headStride, int heads, int queries,
          const float* __restrict__ queryNorm, const float* __restrict__ keyNorm, float epsilon,
          const float* __restrict__ turns, const int* __restrict__ positions) {
    const int lane = threadIdx.x % LANES;
    const int together = blockDim.x / LANES;
    u16* own = rows + blockIdx.x * rowStride + lane * 8;
#if ROTARY > 0
    // Cosines and sines of this lane's columns, the same for all heads.
    float turn[INTERLEAVED ? 8 : 16];
    if (lane * 8 < ROTARY) {
        const float* from = turns + (u64)positions[blockIdx.x] * ROTARY
                            + (INTERLEAVED ? lane * 8 : lane * 8 % (ROTARY / 2) * 2);
#pragma unroll
        for (int i = 0; i < (INTERLEAVED ? 1 : 2); i++) load8(from + 8 * i, (float(&)[8])turn[8 * i]);
    }
#endif
#pragma unroll 2
    for (int from = 0; from < heads; from += together) {
        const int head = from + threadIdx.x / LANES;
        uint4* at = (uint4*)(own + (u64)min(head, heads - 1) * headStride);
        const uint4 v = *at;
        float x[8] = {low(v.x), high(v.x), low(v.y), high(v.y), low(v.z), high(v.z), low(v.w), high(v.w)};
#if NORM
        float weight[8];
        load8((head < queries ? queryNorm : keyNorm) + lane * 8, weight);
        float squares = 0;
#pragma unroll
        for (int i = 0; i < 8; i++) squares += x[i] * x[i];
        for (int d = LANES / 2; d > 0; d /= 2) squares += __shfl_xor_sync(~0u, squares, d);
        const float factor = rsqrtf(squares / DIM + epsilon);
#pragma unroll
        for (int i = 0; i < 8; i++) x[i] *= factor * weight[i];
#endif
#if ROTARY > 0 && INTERLEAVED
        if (lane * 8 < ROTARY) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const float a = x[2 * i], b = x[2 * i + 1];
                x[2 * i] = a * turn[2 * i] - b * turn[2 * i + 1];
                x[2 * i + 1] = b * turn[2 * i] + a * turn[2 * i + 1];
            }
        }
#elif ROTARY > 0
#pragma unroll
        for (int i = 0; i < 8; i++) {
            const float other = __shfl_xor_sync(~0u, x[i], ROTARY / 16);
            if (lane * 8 < ROTARY)
                x[i] = x[i] * turn[2 * i] + (lane * 8 >= ROTARY / 2 ? other : -other) * turn[2 * i + 1];
        }
#endif
        const uint4 packed = {pack(x[0], x[1]), pack(x[2], x[3]), pack(x[4], x[5]), pack(x[6], x[7])};
        if (head < heads) *at = packed;
    }
}
