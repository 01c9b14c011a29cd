// to[row] = from[token of that sorted row], for the rows of some experts; a block takes a row.
#include "common.cuh"

// offsets: the first row of each of these experts, and the end. weights: [tokens][topK], multiplied with; null for none.
extern "C" __global__ void gather(const act* from, act* to, int width, const int* rowToken, const int* offsets,
                                  int experts, const float* weights, const int* slotRow, int topK) {
    int row = blockIdx.x;
    if (row < offsets[0] || row >= offsets[experts]) return;
    int token = rowToken[row];
    const act* x = from + (u64)token * width;
    act* y = to + (u64)row * width;
    if (weights) {
        float weight = 0.0f;
        for (int k = 0; k < topK; k++)
            if (slotRow[token * topK + k] == row) weight = weights[token * topK + k];
        for (int d = threadIdx.x; d < width; d += blockDim.x) y[d] = put(get(x[d]) * weight);
    } else if (width * sizeof(act) % 16 == 0) {
        const int4* wide = (const int4*)x;
        for (int d = threadIdx.x; d < (int)(width * sizeof(act) / 16); d += blockDim.x) ((int4*)y)[d] = wide[d];
    } else {
        for (int d = threadIdx.x; d < width; d += blockDim.x) y[d] = x[d];
    }
}
