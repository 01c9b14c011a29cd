// What every kernel here uses. Activations and unpacked weights are NUMBERS (numbers.cuh), sums float32.

#include "numbers.cuh"

#if NUMBERS == FP32
typedef float act;
__device__ __forceinline__ float get(act x) { return x; }
__device__ __forceinline__ act put(float x) { return x; }
#else
typedef u16 act;
__device__ __forceinline__ float get(act x) { return widen(x); }
__device__ __forceinline__ act put(float x) { return narrow(x); }
#endif

__device__ __forceinline__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

__device__ __forceinline__ float warp_sum(float x) {
#pragma unroll
    for (int d = 16; d > 0; d /= 2) x += __shfl_xor_sync(~0u, x, d);
    return x;
}

__device__ __forceinline__ float warp_max(float x) {
#pragma unroll
    for (int d = 16; d > 0; d /= 2) x = fmaxf(x, __shfl_xor_sync(~0u, x, d));
    return x;
}

// The sum over a block, for all its threads.
__device__ __forceinline__ float block_sum(float x) {
    __shared__ float parts[32];
    x = warp_sum(x);
    __syncthreads();
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
    __syncthreads();
    float y = threadIdx.x % 32 < (blockDim.x + 31) / 32 ? parts[threadIdx.x % 32] : 0.0f;
    return warp_sum(y);
}
