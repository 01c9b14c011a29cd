// The output of Gated DeltaNet's heads: out = weight * norm(value) * silu(gate). A warp takes a value head of a token.
#include "common.cuh"

// rows: as delta_walk leaves them; mixed: the projections, which hold the gates after each key head's values.
extern "C" __global__ void delta_gate(const float* rows, const act* mixed, u64 stride, const float* weight, act* out,
                                      int tokens, int keyHeads, int valueHeads, int keyDim, int valueDim,
                                      float epsilon) {
    u64 number = (u64)blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    int lane = threadIdx.x % 32;
    if (number >= (u64)tokens * valueHeads) return;
    u64 token = number / valueHeads;
    int head = number % valueHeads;
    int ratio = valueHeads / keyHeads;
    int channels = 2 * keyHeads * keyDim + valueHeads * valueDim;
    const float* x = rows + token * channels + 2 * keyHeads * keyDim + head * valueDim;
    const act* gate = mixed + token * stride + head / ratio * (2 * keyDim + 2 * ratio * valueDim) + 2 * keyDim
                      + (ratio + head % ratio) * valueDim;
    float squares = 0.0f;
    for (int d = lane; d < valueDim; d += 32) squares = fmaf(x[d], x[d], squares);
    float inverse = 1.0f / sqrtf(warp_sum(squares) / valueDim + epsilon);
    for (int d = lane; d < valueDim; d += 32) {
        float z = get(gate[d]);
        out[number * valueDim + d] = put(weight[d] * (x[d] * inverse) * (z * sigmoid(z)));
    }
}
