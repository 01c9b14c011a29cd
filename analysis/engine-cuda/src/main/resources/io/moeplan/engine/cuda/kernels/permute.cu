// Sorts the chosen (token, k) by expert, in three launches and without the host; rows of an expert stay in token order.
//
// count_chunks: how many of each expert a chunk of CHUNK choices has; scan_chunks: sums of the chunks before; place: rows.
// EXPERTS: at most 1024. counts: [EXPERTS][chunks].

typedef unsigned int u32;

#define CHUNK 512

extern "C" __global__ void __launch_bounds__(256)
count_chunks(const int* __restrict__ ids, int choices, int* __restrict__ counts) {
    __shared__ int own[EXPERTS];
    for (int e = threadIdx.x; e < EXPERTS; e += blockDim.x) own[e] = 0;
    __syncthreads();
    const int end = min(choices, (int)(blockIdx.x + 1) * CHUNK);
    for (int i = blockIdx.x * CHUNK + threadIdx.x; i < end; i += blockDim.x) atomicAdd(&own[ids[i]], 1);
    __syncthreads();
    for (int e = threadIdx.x; e < EXPERTS; e += blockDim.x) counts[(long long)e * gridDim.x + blockIdx.x] = own[e];
}

// The sum over the warp's lanes up to this one.
__device__ __forceinline__ int warp_scan(int x) {
    for (int d = 1; d < 32; d *= 2) {
        int other = __shfl_up_sync(~0u, x, d);
        if ((int)(threadIdx.x % 32) >= d) x += other;
    }
    return x;
}

// The sum over the block's threads up to this one; blockDim.x is 1024 at most.
__device__ __forceinline__ int block_scan(int x) {
    __shared__ int ends[32];
    const int sum = warp_scan(x);
    __syncthreads();
    if (threadIdx.x % 32 == 31) ends[threadIdx.x / 32] = sum;
    __syncthreads();
    int before = 0;
    for (int w = 0; w < (int)(threadIdx.x / 32); w++) before += ends[w];
    return before + sum;
}

// A block an expert: its counts become sums of the chunks before; totals: [EXPERTS].
extern "C" __global__ void __launch_bounds__(256)
scan_chunks(int* __restrict__ counts, int chunks, int* __restrict__ totals) {
    __shared__ int last;
    int before = 0;
    int* own = counts + (long long)blockIdx.x * chunks;
    for (int from = 0; from < chunks; from += 256) {
        const int c = from + threadIdx.x;
        const int count = c < chunks ? own[c] : 0;
        const int sum = block_scan(count);
        if (c < chunks) own[c] = before + sum - count;
        if (threadIdx.x == 255) last = sum;
        __syncthreads();
        before += last;
    }
    if (threadIdx.x == 0) totals[blockIdx.x] = before;
}

// slotRow: [choices], row of each choice. rowToken: [choices], token of each row. offsets: [EXPERTS + 1].
extern "C" __global__ void __launch_bounds__(1024)
place(const int* __restrict__ ids, int choices, int topK, const int* __restrict__ counts,
      const int* __restrict__ totals, int* __restrict__ offsets, int* __restrict__ rowToken,
      int* __restrict__ slotRow) {
    __shared__ int next[EXPERTS];
    const int e = threadIdx.x;
    const int total = e < EXPERTS ? totals[e] : 0;
    const int start = block_scan(total) - total;
    if (e < EXPERTS) {
        next[e] = start + counts[(long long)e * gridDim.x + blockIdx.x];
        if (blockIdx.x == 0) {
            offsets[e] = start;
            if (e == EXPERTS - 1) offsets[EXPERTS] = start + total;
        }
    }
    __syncthreads();
    if (threadIdx.x >= 32) return;
    const int lane = threadIdx.x;
    for (int from = 0; from < CHUNK; from += 32) {
        const int i = blockIdx.x * CHUNK + from + lane;
        const int expert = i < choices ? ids[i] : -1;
        const u32 same = __match_any_sync(~0u, expert);
        int row = 0;
        if (expert >= 0) row = next[expert] + __popc(same & ((1u << lane) - 1));
        __syncwarp();
        if (expert >= 0) {
            if (same >> lane == 1) next[expert] = row + 1; // the last of them
            slotRow[i] = row;
            rowToken[row] = i / topK;
        }
        __syncwarp();
    }
}
