// Cosines, then sines of each position: table[p][0 .. 2 * pairs).
#include "common.cuh"

extern "C" __global__ void rope_table(float* table, const float* frequencies, int pairs, float magnitude) {
    int p = blockIdx.x;
    for (int i = threadIdx.x; i < pairs; i += blockDim.x) {
        // The angle is rounded to float32 as transformers does it, so that far positions agree with it too.
        float angle = p * frequencies[i];
        table[(u64)p * 2 * pairs + i] = (float)cos((double)angle) * magnitude;
        table[(u64)p * 2 * pairs + pairs + i] = (float)sin((double)angle) * magnitude;
    }
}
