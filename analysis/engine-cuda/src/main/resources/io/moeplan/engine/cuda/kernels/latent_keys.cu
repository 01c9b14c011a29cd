// Keys of latent attention: each head's own part, then the rotated part that all heads share.
#include "common.cuh"

// projected: [tokens][heads][plain + valueDim]; shared: the rotated part of a token, rows stride apart; keys:
// [tokens][heads][plain + rotary].
extern "C" __global__ void latent_keys(const act* projected, int each, const act* shared, u64 stride, act* keys,
                                       int heads, int plain, int rotary) {
    u64 token = blockIdx.x;
    int dim = plain + rotary;
    for (int i = threadIdx.x; i < heads * dim; i += blockDim.x) {
        int head = i / dim;
        int d = i % dim;
        keys[token * heads * dim + i] = d < plain ? projected[(token * heads + head) * each + d]
                                                  : shared[token * stride + d - plain];
    }
}
