// Sorts (token, expert) pairs by expert, each expert's by token: a block counts, then places the pairs of one expert.
#include "common.cuh"

// counts: [experts], for a grid of experts.
extern "C" __global__ void permute_count(const int* ids, int pairs, int* counts) {
    int own = 0;
    for (int i = threadIdx.x; i < pairs; i += blockDim.x) own += ids[i] == (int)blockIdx.x;
    __shared__ int total;
    if (threadIdx.x == 0) total = 0;
    __syncthreads();
    own = __reduce_add_sync(~0u, own);
    if (threadIdx.x % 32 == 0) atomicAdd(&total, own);
    __syncthreads();
    if (threadIdx.x == 0) counts[blockIdx.x] = total;
}

// offsets: [experts + 1], the first sorted row of each; one warp.
extern "C" __global__ void permute_offsets(const int* counts, int experts, int* offsets) {
    int before = 0;
    int lane = threadIdx.x;
    for (int from = 0; from < experts; from += 32) {
        int own = from + lane < experts ? counts[from + lane] : 0;
        int sum = own;
        for (int d = 1; d < 32; d *= 2) {
            int other = __shfl_up_sync(~0u, sum, d);
            if (lane >= d) sum += other;
        }
        if (from + lane < experts) offsets[from + lane] = before + sum - own;
        before += __shfl_sync(~0u, sum, 31);
    }
    if (lane == 0) offsets[experts] = before;
}

// rowToken: [pairs], the token of each sorted row; slotRow: [tokens][topK], the sorted row of each pair.
extern "C" __global__ void permute_place(const int* ids, int pairs, int topK, const int* offsets, int* rowToken,
                                         int* slotRow) {
    __shared__ int counts[32];
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int next = offsets[blockIdx.x];
    if (next == offsets[blockIdx.x + 1]) return;
    for (int from = 0; from < pairs; from += blockDim.x) {
        int i = from + threadIdx.x;
        bool own = i < pairs && ids[i] == (int)blockIdx.x;
        u32 votes = __ballot_sync(~0u, own);
        __syncthreads();
        if (lane == 0) counts[warp] = __popc(votes);
        __syncthreads();
        int before = 0;
        int all = 0;
        for (int w = 0; w < (int)blockDim.x / 32; w++) {
            if (w < warp) before += counts[w];
            all += counts[w];
        }
        if (own) {
            int row = next + before + __popc(votes & ((1u << lane) - 1));
            rowToken[row] = i / topK;
            slotRow[i] = row;
        }
        next += all;
    }
}
