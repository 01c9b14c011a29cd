// out[row][j] = MLP_SCALE * activation(gate, up), of rows that hold the gates, then the ups.
#include "common.cuh"

// both: [rows][2 * width]. range: the rows that count, [range[0], range[last]); null for all.
extern "C" __global__ void gated(const act* both, act* out, int width, float slope, float offset, float limit,
                                 const int* range, int last) {
    u64 row = blockIdx.x;
    if (range && ((int)row < range[0] || (int)row >= range[last])) return;
    const act* from = both + row * 2 * width;
    for (int j = threadIdx.x; j < width; j += blockDim.x) {
        float g = fminf(get(from[j]), limit);
        float u = fminf(fmaxf(get(from[width + j]), -limit), limit);
        out[row * width + j] = put(MLP_SCALE * ((u + offset) * g * sigmoid(slope * g)));
    }
}
