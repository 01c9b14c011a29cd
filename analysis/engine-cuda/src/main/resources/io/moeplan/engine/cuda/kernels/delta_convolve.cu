// The causal convolution of Gated DeltaNet with SiLU after it: from rows that hold each key head's query, key, values and
// gates to rows of all queries, all keys, all values in float32.
#include "common.cuh"

// weight: [2 * keyWidth + valueWidth][taps]; positions: of each token in its sequence.
extern "C" __global__ void delta_convolve(const act* mixed, u64 stride, const float* weight, float* out, int keyHeads,
                                          int keyDim, int values, int taps, const int* positions) {
    u64 token = blockIdx.x;
    int keyWidth = keyHeads * keyDim;
    int channels = 2 * keyWidth + keyHeads * values;
    int each = 2 * keyDim + 2 * values;
    int seen = min(positions[token] + 1, taps);
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        int at;
        if (c < 2 * keyWidth) {
            at = c % keyWidth / keyDim * each + c / keyWidth * keyDim + c % keyDim;
        } else {
            int value = c - 2 * keyWidth;
            at = value / values * each + 2 * keyDim + value % values;
        }
        float sum = 0.0f;
        for (int j = taps - seen; j < taps; j++)
            sum = fmaf(weight[c * taps + j], get(mixed[(token - (taps - 1 - j)) * stride + at]), sum);
        out[token * channels + c] = sum * sigmoid(sum);
    }
}
