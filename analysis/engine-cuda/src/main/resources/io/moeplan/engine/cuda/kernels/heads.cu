// What queries or keys (or values: clipping only) pass beside their projection, in place: a norm of each head, clipping, the
// rotation, a norm after it, a factor that grows with the position. A warp takes a head of a token.
#include "common.cuh"

// before, after: weights of the norms [dim], null for none; unit: a norm after the rotation without weight. table: of
// rope_table, null for no rotation; rotated are 2 * pairs elements from at on.
extern "C" __global__ void heads(act* x, u64 stride, int headStride, int heads, int dim, int tokens,
                                 const float* before, const float* after, int unit, float epsilon, float clip,
                                 const float* table, int pairs, int at, int interleaved, const int* positions,
                                 float temperature, float temperatureFloor) {
    extern __shared__ float memory[];
    int lane = threadIdx.x % 32;
    u64 number = (u64)blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    if (number >= (u64)tokens * heads) return;
    int token = number / heads;
    act* row = x + token * stride + (number % heads) * (u64)headStride;
    float* v = memory + threadIdx.x / 32 * dim;
    float squares = 0.0f;
    for (int d = lane; d < dim; d += 32) {
        v[d] = get(row[d]);
        squares = fmaf(v[d], v[d], squares);
    }
    float inverse = before ? 1.0f / sqrtf(warp_sum(squares) / dim + epsilon) : 1.0f;
    for (int d = lane; d < dim; d += 32) {
        float y = before ? before[d] * (v[d] * inverse) : v[d];
        v[d] = fminf(fmaxf(y, -clip), clip);
    }
    __syncwarp();
    int position = positions[token];
    if (table) {
        const float2* turns = (const float2*)table + (u64)position * pairs;
        for (int i = lane; i < pairs; i += 32) {
            int p = interleaved ? at + 2 * i : at + i;
            int q = interleaved ? p + 1 : p + pairs;
            float first = v[p];
            float second = v[q];
            v[p] = first * turns[i].x - second * turns[i].y;
            v[q] = second * turns[i].x + first * turns[i].y;
        }
        __syncwarp();
    }
    float factor = 1.0f;
    if (temperature != 0.0f) factor = log1pf(floorf((position + 1) / temperatureFloor)) * temperature + 1.0f;
    if (after || unit) {
        squares = 0.0f;
        for (int d = lane; d < dim; d += 32) squares = fmaf(v[d], v[d], squares);
        inverse = 1.0f / sqrtf(warp_sum(squares) / dim + epsilon);
        for (int d = lane; d < dim; d += 32) row[d] = put((after ? after[d] : 1.0f) * (v[d] * inverse) * factor);
    } else {
        for (int d = lane; d < dim; d += 32) row[d] = put(v[d] * factor);
    }
}
