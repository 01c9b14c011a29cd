// Adds a vector to every row; a block takes a row.
#include "common.cuh"

extern "C" __global__ void bias_rows(act* x, int width, const float* bias) {
    act* row = x + (u64)blockIdx.x * width;
    for (int d = threadIdx.x; d < width; d += blockDim.x) row[d] = put(get(row[d]) + bias[d]);
}

extern "C" __global__ void bias_residual(float* residual, int width, const float* bias, float scale) {
    float* row = residual + (u64)blockIdx.x * width;
    for (int d = threadIdx.x; d < width; d += blockDim.x) row[d] += scale * bias[d];
}
