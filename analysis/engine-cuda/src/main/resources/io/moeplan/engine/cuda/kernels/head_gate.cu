// mixed[t][h][d] *= sigmoid(gate[t][h][d]), where gates lie after each head's query.
#include "common.cuh"

extern "C" __global__ void head_gate(act* mixed, const act* queries, u64 stride, int width, int dim) {
    u64 token = blockIdx.x;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        int gate = (2 * (i / dim) + 1) * dim + i % dim;
        act* x = mixed + token * width + i;
        *x = put(get(*x) * sigmoid(get(queries[token * stride + gate])));
    }
}
