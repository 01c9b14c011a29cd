// Causal softmax attention of any shape, a warp for each query of each head: what faster kernels are held to, and what runs
// where there is none. VALUES: elements of a value that a lane sums, width / 32 rounded up.
#include "common.cuh"

struct Rows {
    const act* at;
    u64 stride;     // from token to token
    u64 headStride; // from head to head
};

// starts: first token of each sequence, [sequences + 1]. group: query heads that share a key head. window: tokens a token
// sees, the last of them itself; chunk: only those of its own chunk of that size; 0 for none. sinks: [heads], null for none.
extern "C" __global__ void attention_simple(const Rows q, const Rows k, const Rows v, act* out, u64 outStride,
                                     const int* starts, int sequences, int tokens, int group, int keyDim, int valueDim,
                                     float scale, int window, int chunk, const float* sinks) {
    extern __shared__ float memory[];
    int lane = threadIdx.x % 32;
    int token = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    int head = blockIdx.y;
    if (token >= tokens) return;
    int low = 0;
    int high = sequences;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (starts[middle] <= token) low = middle; else high = middle;
    }
    int position = token - starts[low];
    int first = 0;
    if (window > 0) first = max(0, position + 1 - window);
    if (chunk > 0) first = position - position % chunk;
    first += starts[low];

    float* query = memory + threadIdx.x / 32 * keyDim;
    const act* row = q.at + token * q.stride + head * q.headStride;
    for (int d = lane; d < keyDim; d += 32) query[d] = scale * get(row[d]);
    __syncwarp();
    const act* keys = k.at + head / group * k.headStride;
    const act* values = v.at + head / group * v.headStride;
    float sums[VALUES];
#pragma unroll
    for (int i = 0; i < VALUES; i++) sums[i] = 0.0f;
    float most = sinks ? sinks[head] : -__int_as_float(0x7f800000);
    float total = sinks ? 1.0f : 0.0f; // of all lanes
    for (int from = first; from <= token; from += 32) {
        float score = -__int_as_float(0x7f800000);
        if (from + lane <= token) {
            const act* key = keys + (from + lane) * k.stride;
            score = 0.0f;
            for (int d = 0; d < keyDim; d++) score = fmaf(query[d], get(key[d]), score);
        }
        float max = fmaxf(most, warp_max(score));
        float keep = expf(most - max);
        float share = expf(score - max);
        total = total * keep + warp_sum(share);
        most = max;
#pragma unroll
        for (int i = 0; i < VALUES; i++) sums[i] *= keep;
        int count = min(32, token + 1 - from);
        for (int j = 0; j < count; j++) {
            float p = __shfl_sync(~0u, share, j);
            const act* value = values + (from + j) * v.stride;
#pragma unroll
            for (int i = 0; i < VALUES; i++)
                if (i * 32 + lane < valueDim) sums[i] = fmaf(p, get(value[i * 32 + lane]), sums[i]);
        }
    }
    act* to = out + token * outStride + (u64)head * valueDim;
#pragma unroll
    for (int i = 0; i < VALUES; i++)
        if (i * 32 + lane < valueDim) to[i * 32 + lane] = put(sums[i] / total);
}
