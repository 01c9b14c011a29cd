// residual[t][d] = scale * table[ids[t] - first][d], for tokens whose id is one of the table's.
#include "common.cuh"

extern "C" __global__ void embed(const int* ids, const act* table, int first, int count, float* residual, int hidden,
                                 float scale) {
    int row = ids[blockIdx.x] - first;
    if (row < 0 || row >= count) return;
    const act* from = table + (u64)row * hidden;
    float* to = residual + (u64)blockIdx.x * hidden;
    for (int d = threadIdx.x; d < hidden; d += blockDim.x) to[d] = scale * get(from[d]);
}
