// What the experts gave goes back to the residual stream, and the next norm is taken while the row is in registers:
//
//   x[t] += sum over k of weights[t][k] * y[slot_row[t][k]] / MLP_SCALE
//   out[t] = x[t] / sqrt(mean of x[t]^2 + epsilon) * norm                               (if NORM)
//
// WIDTH: columns, a multiple of 8. THREADS: of a block, which takes one token. TOP_K: rows of a token.

#include "numbers.cuh"

#define CHUNKS ((WIDTH + THREADS * 8 - 1) / (THREADS * 8))

// The sum over the block, in every thread.
__device__ __forceinline__ float block_sum(float x) {
    __shared__ float parts[32];
    for (int d = 16; d > 0; d /= 2) x += __shfl_xor_sync(~0u, x, d);
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
    __syncthreads();
    float sum = 0;
#pragma unroll
    for (int w = 0; w < THREADS / 32; w++) sum += parts[w];
    return sum;
}

__device__ __forceinline__ void add(float (&to)[8], uint4 row, float weight) {
    to[0] += weight * low(row.x);
    to[1] += weight * high(row.x);
    to[2] += weight * low(row.y);
    to[3] += weight * high(row.y);
    to[4] += weight * low(row.z);
    to[5] += weight * high(row.z);
    to[6] += weight * low(row.w);
    to[7] += weight * high(row.w);
}

extern "C" __global__ void __launch_bounds__(THREADS)
combine(float* __restrict__ x, const u16* __restrict__ y, const int* __restrict__ slotRow,
        const float* __restrict__ weights, const float* __restrict__ norm, u16* __restrict__ out, float epsilon) {
    const u64 token = blockIdx.x;
    int rows[TOP_K];
    float shares[TOP_K];
#pragma unroll
    for (int k = 0; k < TOP_K; k++) {
        rows[k] = slotRow[token * TOP_K + k];
        shares[k] = weights[token * TOP_K + k] * (1.0f / MLP_SCALE);
    }
    float sums[CHUNKS][8];
    float squares = 0;
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        int column = (c * THREADS + threadIdx.x) * 8;
        if (column >= WIDTH) continue;
        uint4 parts[TOP_K];
#pragma unroll
        for (int k = 0; k < TOP_K; k++) parts[k] = *(const uint4*)(y + (u64)rows[k] * WIDTH + column);
        float4* own = (float4*)(x + token * WIDTH + column);
        float4 a = own[0], b = own[1];
        float sum[8] = {};
#pragma unroll
        for (int k = 0; k < TOP_K; k++) add(sum, parts[k], shares[k]);
        a.x += sum[0];
        a.y += sum[1];
        a.z += sum[2];
        a.w += sum[3];
        b.x += sum[4];
        b.y += sum[5];
        b.z += sum[6];
        b.w += sum[7];
        own[0] = a;
        own[1] = b;
        float all[8] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
#pragma unroll
        for (int i = 0; i < 8; i++) {
            sums[c][i] = all[i];
            squares += all[i] * all[i];
        }
    }
#if NORM
    const float factor = rsqrtf(block_sum(squares) / WIDTH + epsilon);
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        int column = (c * THREADS + threadIdx.x) * 8;
        if (column >= WIDTH) continue;
        float scaled[8];
#pragma unroll
        for (int i = 0; i < 8; i++) scaled[i] = sums[c][i] * factor * norm[column + i];
        uint4 packed = {pack(scaled[0], scaled[1]), pack(scaled[2], scaled[3]), pack(scaled[4], scaled[5]),
                        pack(scaled[6], scaled[7])};
        *(uint4*)(out + token * WIDTH + column) = packed;
    }
#endif
}
