// Every token's choice of experts from its logits: score, correction, group limit, the best, their weights. A warp takes a
// token. Equals go to the lower number.
#include "common.cuh"

#define SOFTMAX 0
#define SIGMOID 1
#define SOFTMAX_OF_CHOSEN 2
#define SPARSE_MIXER 3

__device__ __forceinline__ bool taken(float rank) { return rank != rank; }

__device__ __forceinline__ float none() { return __int_as_float(0x7fffffff); }

// The best of x[from .. to) that is not taken, -1 if all are; the same for all lanes.
__device__ int best(const float* x, int from, int to) {
    int lane = threadIdx.x % 32;
    int found = -1;
    float value = 0.0f;
    for (int e = from + lane; e < to; e += 32) {
        if (!taken(x[e]) && (found < 0 || x[e] > value)) {
            found = e;
            value = x[e];
        }
    }
    for (int d = 16; d > 0; d /= 2) {
        int other = __shfl_xor_sync(~0u, found, d);
        float theirs = __shfl_xor_sync(~0u, value, d);
        if (other >= 0 && (found < 0 || theirs > value || (theirs == value && other < found))) {
            found = other;
            value = theirs;
        }
    }
    return found;
}

__device__ void take(float* x, int e) {
    __syncwarp();
    if (threadIdx.x % 32 == 0) x[e] = none();
    __syncwarp();
}

__device__ void limit_groups(float* ranks, float* scores, int experts, int groups, int kept, int summed) {
    int lane = threadIdx.x % 32;
    int size = experts / groups;
    for (int g = lane; g < groups; g += 32) {
        float first = -__int_as_float(0x7f800000);
        float second = first;
        for (int e = g * size; e < (g + 1) * size; e++) {
            if (ranks[e] > first) {
                second = first;
                first = ranks[e];
            } else if (ranks[e] > second) {
                second = ranks[e];
            }
        }
        scores[g] = summed == 2 ? first + second : first;
    }
    __syncwarp();
    for (int i = 0; i < kept; i++) take(scores, best(scores, 0, groups));
    for (int e = lane; e < experts; e += 32)
        if (!taken(scores[e / size])) ranks[e] = none();
    __syncwarp();
}

// logits: [tokens][experts]. bias, correction: [experts] or null. groups: 1 for no limit. ids, packed: [tokens][topK], the
// second for the recording. bad: the first token with a logit that is not finite, set to a larger number before.
extern "C" __global__ void router(const float* logits, const float* bias, const float* correction, int tokens,
                                  int experts, int topK, int score, int divides, float epsilon, float floor,
                                  float scale, int groups, int kept, int summed, float jitter, int* ids, u16* packed,
                                  float* weights, int* bad, int firstToken) {
    extern __shared__ float memory[];
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int token = blockIdx.x * (blockDim.x / 32) + warp;
    if (token >= tokens) return;
    int each = 2 * experts + groups + topK;
    float* x = memory + warp * each;
    float* ranks = x + experts;
    float* scores = ranks + experts;
    float* chosen = scores + groups;
    u64 at = (u64)token * topK;
    float check = 0.0f;
    for (int e = lane; e < experts; e += 32) {
        float v = logits[(u64)token * experts + e];
        if (bias) v += bias[e];
        x[e] = v;
        check += v * 0.0f;
    }
    __syncwarp();
    if (warp_sum(check) != 0.0f) {
        if (lane == 0) atomicMin(bad, firstToken + token);
        for (int k = lane; k < topK; k += 32) { // something valid, so that what follows stays within bounds
            ids[at + k] = k;
            packed[at + k] = k;
            weights[at + k] = 0.0f;
        }
        return;
    }
    if (score == SPARSE_MIXER) {
        for (int e = lane; e < experts; e += 32) ranks[e] = x[e];
        __syncwarp();
        for (int k = 0; k < 2; k++) {
            int e = best(ranks, 0, experts);
            float most = ranks[e];
            float sum = 0.0f;
            for (int i = lane; i < experts; i += 32) {
                float factor = fmaxf(fabsf(x[i]), most);
                if (!taken(ranks[i]) && !((most - x[i]) / factor > 2.0f * jitter)) sum += expf(ranks[i] - most);
            }
            sum = warp_sum(sum);
            if (lane == 0) {
                ids[at + k] = e;
                packed[at + k] = e;
                weights[at + k] = 1.0f / sum;
            }
            take(ranks, e);
        }
        return;
    }
    if (score == SOFTMAX) {
        float most = -__int_as_float(0x7f800000);
        for (int e = lane; e < experts; e += 32) most = fmaxf(most, x[e]);
        most = warp_max(most);
        float sum = 0.0f;
        for (int e = lane; e < experts; e += 32) {
            x[e] = expf(x[e] - most);
            sum += x[e];
        }
        sum = warp_sum(sum);
        for (int e = lane; e < experts; e += 32) x[e] /= sum;
    } else if (score == SIGMOID) {
        for (int e = lane; e < experts; e += 32) x[e] = sigmoid(x[e]);
    }
    for (int e = lane; e < experts; e += 32) ranks[e] = correction ? x[e] + correction[e] : x[e];
    __syncwarp();
    if (groups > 1) limit_groups(ranks, scores, experts, groups, kept, summed);
    float sum = 0.0f;
    float most = 0.0f;
    for (int k = 0; k < topK; k++) {
        int e = best(ranks, 0, experts);
        if (e < 0) e = 0; // fewer are left than are wanted: only with broken corrections
        float value = x[e];
        if (k == 0) most = value;
        if (score == SOFTMAX_OF_CHOSEN) value = expf(value - most);
        sum += value;
        if (lane == 0) {
            ids[at + k] = e;
            packed[at + k] = e;
            chosen[k] = value;
        }
        take(ranks, e);
    }
    float divisor = score == SOFTMAX_OF_CHOSEN ? sum : 1.0f;
    if (divides) {
        float total = score == SOFTMAX_OF_CHOSEN ? 1.0f : sum;
        divisor *= fmaxf(total + epsilon, floor);
    }
    for (int k = lane; k < topK; k += 32) weights[at + k] = chosen[k] / divisor * scale;
}
