// Chooses each token's experts from its router logits: score, correction, group limit, top-k, weights. One warp a token.
//
// EXPERTS, TOP_K (at most 32). SCORE: 0 softmax over all, 1 sigmoid, 2 softmax over the chosen, 3 sparse mixer. GROUPS of
// consecutive experts (at most 32), KEPT of them allowed, a group's score the sum of its BEST (1 or 2) highest; GROUPS 1: no
// limit. Of equal values the expert with the lower number is taken.
#include "common.cuh"

#define OWN ((EXPERTS + 31) / 32)
#define GROUP (EXPERTS / GROUPS)
#define WARPS 8
#define SPARSE_MIXER (SCORE == 3)
#define NEGATIVE_INFINITY __int_as_float(0xff800000)

// Ordered as the numbers are, both zeros alike; 0 is below all of them.
__device__ __forceinline__ u32 order(float x) {
    u32 bits = __float_as_uint(x + 0.0f);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

#if GROUPS > 1
// Takes groups beyond the best KEPT out of the choice. values: the warp's own EXPERTS + EXPERTS / 32 + 1 words.
__device__ __forceinline__ void limit(u32 (&choice)[OWN], const float (&value)[OWN], float* values) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < OWN; i++) {
        int e = i * 32 + lane;
        if (e < EXPERTS) values[e + e / 32] = value[i];
    }
    __syncwarp();
    float best = NEGATIVE_INFINITY, next = NEGATIVE_INFINITY;
    if (lane < GROUPS) {
        for (int e = lane * GROUP; e < (lane + 1) * GROUP; e++) {
            float x = values[e + e / 32];
            next = fmaxf(next, fminf(best, x));
            best = fmaxf(best, x);
        }
    }
    float score = BEST == 2 ? best + next : best;
    int better = 0;
    for (int g = 0; g < GROUPS; g++) {
        float other = __shfl_sync(~0u, score, g);
        better += other > score || (other == score && g < lane);
    }
    u32 kept = __ballot_sync(~0u, lane < GROUPS && better < KEPT);
#pragma unroll
    for (int i = 0; i < OWN; i++) {
        int group = (i * 32 + lane) / GROUP;
        if (group < GROUPS && !(kept >> group & 1)) choice[i] = 0;
    }
}
#endif

#if SPARSE_MIXER
// The part of this lane in the softmax that weighs the best expert: of those left that are not far below it.
__device__ __forceinline__ float near(const u32 (&choice)[OWN], const float (&score)[OWN], float best, float jitter) {
    float sum = 0;
#pragma unroll
    for (int i = 0; i < OWN; i++) {
        bool far = (best - score[i]) / fmaxf(fabsf(score[i]), best) > 2.0f * jitter;
        if (choice[i] && !far) sum += expf(score[i] - best);
    }
    return sum;
}
#endif

// logits: [tokens][EXPERTS]. bias (of logits) and correction (of scores, for the choice only): [EXPERTS] or null. Weights are
// divided by max(their sum + epsilon, least) if divide, and multiplied by scale. jitter: of the sparse mixer. ids, packed,
// weights: [tokens][TOP_K], descending. bad: becomes the first token with a logit that is not finite, counted from
// firstToken, if it holds a larger number; such a token gets the first experts, with weight 0.
extern "C" __global__ void __launch_bounds__(32 * WARPS)
router(const float* __restrict__ logits, const float* __restrict__ bias, const float* __restrict__ correction, int tokens,
       int divide, float epsilon, float least, float scale, float jitter, int* __restrict__ ids,
       u16* __restrict__ packed, float* __restrict__ weights, int* __restrict__ bad, int firstToken) {
    const int lane = threadIdx.x % 32;
    const int token = blockIdx.x * WARPS + threadIdx.x / 32;
    if (token >= tokens) return;
    const u64 at = (u64)token * TOP_K + lane;
    float score[OWN];
    float most = NEGATIVE_INFINITY;
    float check = 0;
#pragma unroll
    for (int i = 0; i < OWN; i++) {
        int e = i * 32 + lane;
        score[i] = NEGATIVE_INFINITY;
        if (e >= EXPERTS) continue;
        score[i] = logits[(u64)token * EXPERTS + e];
        if (bias) score[i] += bias[e];
        check += score[i] * 0.0f;
        most = fmaxf(most, score[i]);
    }
    if (warp_sum(check) != 0.0f) {
        if (lane == 0) atomicMin(bad, firstToken + token);
        if (lane < TOP_K) {
            ids[at] = lane;
            packed[at] = lane;
            weights[at] = 0;
        }
        return;
    }
#if SCORE == 0
    most = warp_max(most);
    float sum = 0;
#pragma unroll
    for (int i = 0; i < OWN; i++) {
        score[i] = expf(score[i] - most);
        sum += score[i];
    }
    sum = warp_sum(sum);
#pragma unroll
    for (int i = 0; i < OWN; i++) score[i] /= sum;
#elif SCORE == 1
#pragma unroll
    for (int i = 0; i < OWN; i++) score[i] = 1.0f / (1.0f + expf(-score[i]));
#endif
    float value[OWN];
    u32 choice[OWN];
#pragma unroll
    for (int i = 0; i < OWN; i++) {
        int e = i * 32 + lane;
        value[i] = score[i];
        if (correction && e < EXPERTS) value[i] += correction[e];
        choice[i] = e < EXPERTS ? order(value[i]) : 0;
    }
#if GROUPS > 1
    __shared__ float values[WARPS][EXPERTS + EXPERTS / 32 + 1];
    limit(choice, value, values[threadIdx.x / 32]);
#endif
    int id = 0;
    float weight = SCORE == 2 ? NEGATIVE_INFINITY : 0;
    for (int k = 0; k < TOP_K; k++) {
        u32 own = 0;
#pragma unroll
        for (int i = 0; i < OWN; i++) own = max(own, choice[i]);
        const u32 best = __reduce_max_sync(~0u, own);
        u32 expert = ~0u;
        float its = 0;
#pragma unroll
        for (int i = OWN - 1; i >= 0; i--) {
            if (choice[i] == best && i * 32 + lane < EXPERTS) {
                expert = i * 32 + lane;
                its = score[i];
            }
        }
        const u32 chosen = __reduce_min_sync(~0u, expert);
        its = __shfl_sync(~0u, its, chosen % 32);
#if SPARSE_MIXER
        its = 1.0f / warp_sum(near(choice, score, its, jitter));
#endif
#pragma unroll
        for (int i = 0; i < OWN; i++)
            if (i * 32 + lane == chosen) choice[i] = 0;
        if (lane == k) {
            id = chosen;
            weight = its;
        }
    }
#if SCORE == 2
    weight = expf(weight - warp_max(weight));
    weight /= warp_sum(weight);
#endif
    if (divide) weight /= fmaxf(warp_sum(weight) + epsilon, least);
    if (lane < TOP_K) {
        ids[at] = id;
        packed[at] = (u16)id;
        weights[at] = weight * scale;
    }
}
