// Grouped matrix product of any shape: c[row][n] = sum over k of a[row][k] * w[expert of row][n][k] + bias[expert][n].
// Tiles of 64 x 64, through matrix units with numbers of 16 bits (Ampere and later), fused multiply-adds in float32.
#include "common.cuh"

#define TILE 64
#define DEPTH 32
#define SHORT (NUMBERS != FP32)
#define PAD (SHORT ? 8 : 4)

__device__ __forceinline__ void load_tile(act (&to)[TILE][DEPTH + PAD], const act* from, int rows, int depth, int k) {
    for (int i = threadIdx.x; i < TILE * DEPTH; i += blockDim.x) {
        int r = i / DEPTH;
        int c = i % DEPTH;
        to[r][c] = r < rows && k + c < depth ? from[(u64)r * depth + k + c] : put(0.0f);
    }
}

#if SHORT
__device__ __forceinline__ void multiply(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." PTX_TYPE "." PTX_TYPE ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

__device__ __forceinline__ u32 two(const act* at) { return *(const u32*)at; }
#endif

// offsets: the first row of each expert, and the end. bias: [experts][columns] or null. A grid of column tiles, row tiles
// (at least rows / 64 + experts).
extern "C" __global__ void __launch_bounds__(128)
grouped_rows(const act* a, const act* w, const float* bias, act* c, const int* offsets, int experts, int columns,
             int depth) {
    __shared__ __align__(16) act left[TILE][DEPTH + PAD];
    __shared__ __align__(16) act right[TILE][DEPTH + PAD];
    int tile = blockIdx.y;
    int expert = 0;
    while (expert < experts) {
        int tiles = (offsets[expert + 1] - offsets[expert] + TILE - 1) / TILE;
        if (tile < tiles) break;
        tile -= tiles;
        expert++;
    }
    if (expert == experts) return;
    int row = offsets[expert] + tile * TILE;
    int rows = min(TILE, offsets[expert + 1] - row);
    int column = blockIdx.x * TILE;
    const act* x = a + (u64)row * depth;
    const act* own = w + ((u64)expert * columns + column) * depth;
#if SHORT
    int warp = threadIdx.x / 32;
    int lane = threadIdx.x % 32;
    float d[2][4][4] = {};
    int top = warp / 2 * 32 + lane / 4;
    int side = warp % 2 * 32 + lane / 4;
    int pair = lane % 4 * 2;
#else
    float d[8][4] = {};
    int top = threadIdx.x / 16;
    int side = threadIdx.x % 16;
#endif
    for (int k = 0; k < depth; k += DEPTH) {
        load_tile(left, x, rows, depth, k);
        load_tile(right, own, min(TILE, columns - column), depth, k);
        __syncthreads();
#if SHORT
#pragma unroll
        for (int kk = 0; kk < DEPTH; kk += 16) {
            u32 b[4][2];
#pragma unroll
            for (int j = 0; j < 4; j++) {
                b[j][0] = two(&right[side + j * 8][kk + pair]);
                b[j][1] = two(&right[side + j * 8][kk + pair + 8]);
            }
#pragma unroll
            for (int i = 0; i < 2; i++) {
                u32 f[4] = {two(&left[top + i * 16][kk + pair]), two(&left[top + i * 16 + 8][kk + pair]),
                            two(&left[top + i * 16][kk + pair + 8]), two(&left[top + i * 16 + 8][kk + pair + 8])};
#pragma unroll
                for (int j = 0; j < 4; j++) multiply(d[i][j], f, b[j]);
            }
        }
#else
#pragma unroll 4
        for (int kk = 0; kk < DEPTH; kk++) {
            float y[4];
#pragma unroll
            for (int j = 0; j < 4; j++) y[j] = right[side + j * 16][kk];
#pragma unroll
            for (int i = 0; i < 8; i++) {
                float v = left[top + i * 8][kk];
#pragma unroll
                for (int j = 0; j < 4; j++) d[i][j] = fmaf(v, y[j], d[i][j]);
            }
        }
#endif
        __syncthreads();
    }
#if SHORT
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 4; j++)
            for (int e = 0; e < 4; e++) {
                int r = top + i * 16 + e / 2 * 8;
                int n = column + warp % 2 * 32 + j * 8 + pair + e % 2;
                float v = d[i][j][e];
#else
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 4; j++) {
                int r = top + i * 8;
                int n = column + side + j * 16;
                float v = d[i][j];
#endif
                if (r < rows && n < columns)
                    c[(u64)(row + r) * columns + n] = put(bias ? v + bias[(u64)expert * columns + n] : v);
            }
}
