// residual[t] += scale * sigmoid(gates[t]) * y[t], or without gates if they are null; a block takes a token.
#include "common.cuh"

extern "C" __global__ void add_rows(float* residual, const act* y, int width, const float* gates, float scale) {
    u64 token = blockIdx.x;
    float factor = gates ? scale * sigmoid(gates[token]) : scale;
    for (int d = threadIdx.x; d < width; d += blockDim.x)
        residual[token * width + d] += factor * get(y[token * width + d]);
}
