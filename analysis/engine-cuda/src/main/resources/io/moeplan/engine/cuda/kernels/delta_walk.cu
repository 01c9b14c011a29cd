// The walk of Gated DeltaNet along a sequence: for each token the state decays, takes in what the value differs from its
// recall, and answers the query. A block takes a value head of a sequence, a thread a column of the state.
#include "common.cuh"

// rows: queries, keys, values as delta_convolve makes them; values are replaced by outputs. rates: for each key head the
// strengths of its value heads, then their decays.
extern "C" __global__ void delta_walk(float* rows, const float* rates, const float* decay, const float* decayBias,
                                      const int* starts, int keyHeads, int valueHeads, int keyDim, int valueDim) {
    extern __shared__ float memory[];
    float* state = memory; // [keyDim][valueDim]
    float* query = state + keyDim * valueDim;
    float* key = query + keyDim;
    int sequence = blockIdx.x;
    int valueHead = blockIdx.y;
    int ratio = valueHeads / keyHeads;
    int keyHead = valueHead / ratio;
    int channels = 2 * keyHeads * keyDim + valueHeads * valueDim;
    int rate = keyHead * 2 * ratio + valueHead % ratio;
    int j = threadIdx.x;
    for (int i = j; i < keyDim * valueDim; i += blockDim.x) state[i] = 0.0f;
    for (int t = starts[sequence]; t < starts[sequence + 1]; t++) {
        float* row = rows + (u64)t * channels;
        __syncthreads();
        for (int d = j; d < keyDim; d += blockDim.x) {
            query[d] = row[keyHead * keyDim + d];
            key[d] = row[(keyHeads + keyHead) * keyDim + d];
        }
        __syncthreads();
        if (j >= valueDim) continue;
        float queries = 0.0f;
        float keys = 0.0f;
        for (int d = 0; d < keyDim; d++) {
            queries = fmaf(query[d], query[d], queries);
            keys = fmaf(key[d], key[d], keys);
        }
        float queryScale = 1.0f / sqrtf(queries + 1e-6f) / sqrtf((float)keyDim);
        float keyScale = 1.0f / sqrtf(keys + 1e-6f);
        const float* own = rates + (u64)t * 2 * valueHeads + rate;
        float strength = sigmoid(own[0]);
        float time = own[ratio] + decayBias[valueHead];
        float softplus = time > 20.0f ? time : log1pf(expf(time));
        float keep = expf(-expf(decay[valueHead]) * softplus);
        float recall = 0.0f;
        for (int d = 0; d < keyDim; d++) {
            float s = state[d * valueDim + j] * keep;
            state[d * valueDim + j] = s;
            recall = fmaf(s, key[d] * keyScale, recall);
        }
        float* value = row + 2 * keyHeads * keyDim + valueHead * valueDim + j;
        float change = (*value - recall) * strength;
        float answer = 0.0f;
        for (int d = 0; d < keyDim; d++) {
            float s = fmaf(key[d] * keyScale, change, state[d * valueDim + j]);
            state[d * valueDim + j] = s;
            answer = fmaf(s, query[d] * queryScale, answer);
        }
        *value = answer;
    }
}
