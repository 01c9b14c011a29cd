// How often each pass of a wave chose each expert. A pass is consecutive tokens, [starts[p], starts[p + 1]).
//
// Blocks (p, y) share the choices of pass p, and count theirs in shared memory. A block that has a pass for itself stores its
// counts; blocks that share one add theirs to zeros. Sums of integers are the same in any order.
//
// EXPERTS: at most 1024. counts: [passes][EXPERTS].

typedef unsigned short u16;
typedef long long i64;

extern "C" __global__ void __launch_bounds__(256)
clear(int* __restrict__ counts, int size) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < size) counts[i] = 0;
}

// chosen: [tokens][topK].
extern "C" __global__ void __launch_bounds__(256)
count(const u16* __restrict__ chosen, int topK, const int* __restrict__ starts, int* __restrict__ counts) {
    __shared__ int own[EXPERTS];
    for (int e = threadIdx.x; e < EXPERTS; e += blockDim.x) own[e] = 0;
    __syncthreads();
    const i64 pass = blockIdx.x;
    const i64 end = (i64)starts[pass + 1] * topK;
    const int first = blockIdx.y * blockDim.x + threadIdx.x;
    const int step = gridDim.y * blockDim.x;
    for (i64 i = (i64)starts[pass] * topK + first; i < end; i += step) atomicAdd(&own[chosen[i]], 1);
    __syncthreads();
    int* to = counts + pass * EXPERTS;
    for (int e = threadIdx.x; e < EXPERTS; e += blockDim.x) {
        if (gridDim.y == 1) to[e] = own[e];
        else if (own[e] > 0) atomicAdd(&to[e], own[e]);
    }
}
