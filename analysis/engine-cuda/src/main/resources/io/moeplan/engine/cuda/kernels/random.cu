// Random matrices, from a counter: weights for measurements.

#include "numbers.cuh"

__device__ __forceinline__ u32 bits(u64 i, u32 seed) {
    u32 x = (u32)i * 2654435761u ^ (u32)(i >> 32) * 40503u ^ seed * 0x9e3779b9u;
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

// Uniform in [-1, 1).
__device__ __forceinline__ float uniform(u64 i, u32 seed) { return (float)(bits(i, seed) >> 8) / 8388608.0f - 1.0f; }

#define EACH(i) \
    u64 i = blockIdx.x * (u64)blockDim.x + threadIdx.x; i < count; i += (u64)gridDim.x * blockDim.x

extern "C" __global__ void random_float(float* to, u64 count, u32 seed, float scale) {
    for (EACH(i)) to[i] = uniform(i, seed) * scale;
}

extern "C" __global__ void random_narrow(u16* to, u64 count, u32 seed, float scale) {
    for (EACH(i)) to[i] = narrow(uniform(i, seed) * scale);
}

// e4m3 of numbers up to 448 * scale in magnitude.
extern "C" __global__ void random_e4m3(u8* to, u64 count, u32 seed, float scale) {
    for (EACH(i)) {
        u16 y;
        asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(y) : "f"(0.0f), "f"(uniform(i, seed) * 448.0f * scale));
        to[i] = (u8)y;
    }
}
