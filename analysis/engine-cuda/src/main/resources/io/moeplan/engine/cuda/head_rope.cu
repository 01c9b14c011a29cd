// RMS norm of each query and key head and rotary embedding, in place, each value read and written once.
//
// DIM: columns of a head, 64, 128 or 256; DIM / 8 lanes take a head. ROTARY: how many of them turn, from the first: 16 times
// a power of two, or 0 for none. INTERLEAVED: pairs are neighbours (2i, 2i + 1), else halves (i, i + ROTARY / 2). NORM:
// whether heads are normed.

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define LANES (DIM / 8)

__device__ __forceinline__ float low(u32 x) { return __uint_as_float(x << 16); }
__device__ __forceinline__ float high(u32 x) { return __uint_as_float(x & 0xffff0000u); }

__device__ __forceinline__ u32 pack(float low, float high) {
    u32 packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
    return packed;
}

// rows: tokens, rowStride elements apart, with heads headStride apart. The first queries heads are normed with queryNorm, the
// others with keyNorm, [DIM]. turns: (cos, sin) of [position][ROTARY / 2]; positions: [tokens].
extern "C" __global__ void __launch_bounds__(256)
head_rope(u16* __restrict__ rows, u64 rowStride, int headStride, int tokens, int heads, int queries,
          const float* __restrict__ queryNorm, const float* __restrict__ keyNorm, float epsilon,
          const float2* __restrict__ turns, const int* __restrict__ positions) {
    const int lane = threadIdx.x % LANES;
    const u64 number = (u64)blockIdx.x * (256 / LANES) + threadIdx.x / LANES;
    const bool inside = number < (u64)tokens * heads;
    const int token = inside ? (int)(number / heads) : 0;
    const int head = inside ? (int)(number % heads) : 0;
    uint4* at = (uint4*)(rows + token * rowStride + (u64)head * headStride + lane * 8);
    uint4 v = *at;
    float x[8] = {low(v.x), high(v.x), low(v.y), high(v.y), low(v.z), high(v.z), low(v.w), high(v.w)};
#if NORM
    float squares = 0;
#pragma unroll
    for (int i = 0; i < 8; i++) squares += x[i] * x[i];
    for (int d = LANES / 2; d > 0; d /= 2) squares += __shfl_xor_sync(~0u, squares, d);
    const float factor = rsqrtf(squares / DIM + epsilon);
    const float* weight = (head < queries ? queryNorm : keyNorm) + lane * 8;
#pragma unroll
    for (int i = 0; i < 8; i++) x[i] *= factor * weight[i];
#endif
#if ROTARY > 0
    const float2* own = turns + (u64)positions[token] * (ROTARY / 2);
#if INTERLEAVED
    if (lane * 8 < ROTARY) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float2 turn = own[lane * 4 + i];
            float a = x[2 * i], b = x[2 * i + 1];
            x[2 * i] = a * turn.x - b * turn.y;
            x[2 * i + 1] = b * turn.x + a * turn.y;
        }
    }
#else
    const bool second = lane * 8 >= ROTARY / 2;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        float other = __shfl_xor_sync(~0u, x[i], ROTARY / 16);
        if (lane * 8 < ROTARY) {
            float2 turn = own[(lane * 8 + i) % (ROTARY / 2)];
            x[i] = x[i] * turn.x + (second ? other : -other) * turn.y;
        }
    }
#endif
#endif
    uint4 packed = {pack(x[0], x[1]), pack(x[2], x[3]), pack(x[4], x[5]), pack(x[6], x[7])};
    if (inside) *at = packed;
}
