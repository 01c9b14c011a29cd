// y[row] = weight * x[row] / sqrt(mean(x[row] ^ 2) + epsilon), or a layer norm; a block takes a row. x and y may be the same.
#include "common.cuh"

__device__ __forceinline__ float value(float x) { return x; }
#if NUMBERS != FP32
__device__ __forceinline__ float value(u16 x) { return widen(x); }
#endif

// low: what rounding y took away, for products that need it; null if they do not.
template <typename In>
__device__ __forceinline__ void norm(const In* x, act* y, act* low, const float* weight, const float* bias, int width, float epsilon) {
    float mean = 0.0f;
    if (bias) {
        float sum = 0.0f;
        for (int d = threadIdx.x; d < width; d += blockDim.x) sum += value(x[d]);
        mean = block_sum(sum) / width;
    }
    float squares = 0.0f;
    for (int d = threadIdx.x; d < width; d += blockDim.x) {
        float v = value(x[d]) - mean;
        squares = fmaf(v, v, squares);
    }
    float inverse = 1.0f / sqrtf(block_sum(squares) / width + epsilon);
    for (int d = threadIdx.x; d < width; d += blockDim.x) {
        float v = weight[d] * ((value(x[d]) - mean) * inverse);
        if (bias) v += bias[d];
        y[d] = put(v);
        if (low) low[d] = put(v - get(y[d]));
    }
}

// Four activations at once.
__device__ __forceinline__ void put4(act* to, const float (&v)[4]) {
#if NUMBERS != FP32
    *(uint2*)to = make_uint2(put(v[0]) | (u32)put(v[1]) << 16, put(v[2]) | (u32)put(v[3]) << 16);
#else
    *(float4*)to = make_float4(v[0], v[1], v[2], v[3]);
#endif
}

// An RMS norm of rows whose width is a multiple of 4.
__device__ __forceinline__ void norm_wide(const float4* x, act* y, act* low, const float4* weight, int width,
                                          float epsilon) {
    float squares = 0.0f;
    for (int d = threadIdx.x; d < width / 4; d += blockDim.x) {
        float4 v = x[d];
        squares += v.x * v.x + v.y * v.y + (v.z * v.z + v.w * v.w);
    }
    float inverse = 1.0f / sqrtf(block_sum(squares) / width + epsilon);
    for (int d = threadIdx.x; d < width / 4; d += blockDim.x) {
        float4 v = x[d];
        float4 w = weight[d];
        float high[4] = {w.x * (v.x * inverse), w.y * (v.y * inverse), w.z * (v.z * inverse), w.w * (v.w * inverse)};
        put4(y + 4 * d, high);
        if (low) {
            float rest[4];
#pragma unroll
            for (int i = 0; i < 4; i++) rest[i] = high[i] - get(put(high[i]));
            put4(low + 4 * d, rest);
        }
    }
}

// bias: of a layer norm, null for an RMS norm.
extern "C" __global__ void norm_residual(const float* x, act* y, act* low, const float* weight,
                                         const float* bias, int width, float epsilon) {
    u64 at = (u64)blockIdx.x * width;
    if (!bias && width % 4 == 0) {
        norm_wide((const float4*)(x + at), y + at, low ? low + at : low, (const float4*)weight, width, epsilon);
    } else {
        norm(x + at, y + at, low ? low + at : low, weight, bias, width, epsilon);
    }
}

#define WIDE ((int)(16 / sizeof(act)))

// The same in place, 16 bytes at a time.
__device__ __forceinline__ void norm_own(uint4* x, const float* weight, int width, float epsilon) {
    float squares = 0.0f;
    for (int d = threadIdx.x; d < width / WIDE; d += blockDim.x) {
        const uint4 v = x[d];
#pragma unroll
        for (int i = 0; i < WIDE; i++) {
            float own = get(((const act*)&v)[i]);
            squares = fmaf(own, own, squares);
        }
    }
    float inverse = 1.0f / sqrtf(block_sum(squares) / width + epsilon);
    for (int d = threadIdx.x; d < width / WIDE; d += blockDim.x) {
        uint4 v = x[d];
#pragma unroll
        for (int i = 0; i < WIDE; i++) {
            act* own = (act*)&v + i;
            *own = put(weight[WIDE * d + i] * (get(*own) * inverse));
        }
        x[d] = v;
    }
}

// In place, rows of a wider matrix.
extern "C" __global__ void norm_rows(act* x, u64 stride, const float* weight, int width, float epsilon) {
    act* row = x + blockIdx.x * stride;
    if (((u64)row & 15) == 0 && width % WIDE == 0) {
        norm_own((uint4*)row, weight, width, epsilon);
    } else {
        norm(row, row, (act*)0, weight, (const float*)0, width, epsilon);
    }
}
