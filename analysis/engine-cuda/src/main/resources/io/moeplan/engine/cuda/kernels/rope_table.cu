// Cosine and sine of each pair at each position: table[p][pairs][2].
#include "common.cuh"

extern "C" __global__ void rope_table(float* table, const float* frequencies, int pairs, float magnitude) {
    int p = blockIdx.x;
    for (int i = threadIdx.x; i < pairs; i += blockDim.x) {
        // The angle is rounded to float32 as transformers does it, so that far positions agree with it too.
        float angle = p * frequencies[i];
        table[((u64)p * pairs + i) * 2] = (float)cos((double)angle) * magnitude;
        table[((u64)p * pairs + i) * 2 + 1] = (float)sin((double)angle) * magnitude;
    }
}
