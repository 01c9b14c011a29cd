// y[row] = weight * x[row] / sqrt(mean(x[row] ^ 2) + epsilon), or a layer norm; a block takes a row. x and y may be the same.
#include "common.cuh"

__device__ __forceinline__ float value(float x) { return x; }
#if BF16
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

// bias: of a layer norm, null for an RMS norm.
extern "C" __global__ void norm_residual(const float* x, act* y, act* low, const float* weight,
                                         const float* bias, int width, float epsilon) {
    u64 row = blockIdx.x;
    norm(x + row * width, y + row * width, low ? low + row * width : low, weight, bias, width, epsilon);
}

// In place, rows of a wider matrix.
extern "C" __global__ void norm_rows(act* x, u64 stride, const float* weight, int width, float epsilon) {
    act* row = x + blockIdx.x * stride;
    norm(row, row, (act*)0, weight, (const float*)0, width, epsilon);
}
