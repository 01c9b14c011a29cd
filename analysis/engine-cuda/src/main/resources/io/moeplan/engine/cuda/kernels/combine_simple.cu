// residual[t] += scale * (the weighted outputs of those of a token's experts that are in [first, last)); a block takes a
// token, and adds in the order of its choice.
#include "common.cuh"

// y: [rows][width], sorted by expert. weights: null if they are in the outputs already.
extern "C" __global__ void combine_simple(float* residual, const act* y, int width, const int* ids, const float* weights,
                                   const int* slotRow, int topK, int first, int last, float scale) {
    u64 token = blockIdx.x;
    for (int d = threadIdx.x; d < width; d += blockDim.x) {
        float sum = 0.0f;
        for (int k = 0; k < topK; k++) {
            int id = ids[token * topK + k];
            if (id < first || id >= last) continue;
            float value = get(y[(u64)slotRow[token * topK + k] * width + d]);
            sum = fmaf(weights ? weights[token * topK + k] : 1.0f, value, sum);
        }
        residual[token * width + d] += scale * sum;
    }
}
