// The grouped product of grouped_gemm.cu with the matrix instructions of Ampere and Ada (and all later GPUs).
//
// A block keeps to one multiprocessor and takes tiles of 128 rows and 128 weight rows in turn; eight warps, two by four, take
// 64 x 32 of it each. GATED: a tile's weight rows are 64 gates and the 64 ups that belong to them, and a warp takes 16 of
// both, so that a gate meets its up in one thread. Copies of the next 64 columns run while these are multiplied.

#include "mma.cuh"
#include "gate.cuh"

#define TILE 128
#define TILE_K 64
#define TILE_BYTES (TILE * TILE_K * 2)
#define OUT_COLUMNS (GATED ? TILE / 2 : TILE)
// Row tiles of an expert that are taken together, so that its weights are read while they are in the cache.
#define ROW_GROUP 16
#define MAX_EXPERTS 1024

// Rows of 128 bytes; 16-byte pieces are swizzled by row, so that neither copies nor loads meet in a bank.
__device__ __forceinline__ u32 piece(int row, int number) { return row * 128 + (number ^ (row % 8)) * 16; }

__device__ __forceinline__ void multiply(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." PTX_TYPE "." PTX_TYPE ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

struct Tile {
    int expert;
    int row;    // first row
    int end;    // the expert's last row + 1
    int column; // first output column
};

// starts[e] is the number of row tiles before expert e.
__device__ __forceinline__ Tile tile_of(int number, int columnTiles, int experts, const int* starts,
                                        const int* offsets) {
    int low = 0;
    int high = experts;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (starts[middle] * columnTiles <= number) low = middle; else high = middle;
    }
    int local = number - starts[low] * columnTiles;
    int group = local / (ROW_GROUP * columnTiles);
    int rowTiles = min(ROW_GROUP, starts[low + 1] - starts[low] - group * ROW_GROUP);
    int rest = local - group * ROW_GROUP * columnTiles;
    Tile tile;
    tile.expert = low;
    tile.row = offsets[low] + (group * ROW_GROUP + rest % rowTiles) * TILE;
    tile.end = offsets[low + 1];
    tile.column = rest / rowTiles * OUT_COLUMNS;
    return tile;
}

// Starts copies of TILE_K columns of a tile's rows and weight rows. Rows outside are replaced by ones inside: what is made of
// them is not stored.
__device__ __forceinline__ void bring(u32 to, const u16* a, const u16* w, const Tile& tile, int columns, int depth,
                                      int from) {
#pragma unroll
    for (int i = 0; i < TILE * 8 / 256; i++) {
        const int row = i * 32 + threadIdx.x / 8;
        const int number = threadIdx.x % 8;
        copy16(to + piece(row, number), a + (u64)min(tile.row + row, tile.end - 1) * depth + from + number * 8);
        const int column = min(tile.column + row % OUT_COLUMNS, columns - 1) + row / OUT_COLUMNS * columns;
        copy16(to + TILE_BYTES + piece(row, number), w + (u64)column * depth + from + number * 8);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
}

// Columns of the result that a warp's j-th group of 8 weight rows stands for, in the tile's weight rows.
__device__ __forceinline__ int weight_row(int warp, int j) {
    return GATED ? j / 2 * 64 + warp % 4 * 16 + j % 2 * 8 : warp % 4 * 32 + j * 8;
}

__device__ __forceinline__ void step(u32 from, float (&d)[4][4][4]) {
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
#pragma unroll
    for (int k = 0; k < TILE_K / 16; k++) {
        u32 a[4][4];
#pragma unroll
        for (int i = 0; i < 4; i++)
            load4(a[i], from + piece(warp / 4 * 64 + i * 16 + lane % 16, k * 2 + lane / 16));
#pragma unroll
        for (int j = 0; j < 4; j += 2) {
            u32 b[4];
            load4(b, from + TILE_BYTES
                         + piece(weight_row(warp, j) + lane / 16 * 8 + lane % 8, k * 2 + lane / 8 % 2));
#pragma unroll
            for (int i = 0; i < 4; i++) {
                multiply(d[i][j], a[i], b[0], b[1]);
                multiply(d[i][j + 1], a[i], b[2], b[3]);
            }
        }
    }
}

// bias: of the expert's weight rows.
__device__ __forceinline__ void store(const float (&d)[4][4][4], u16* c, const Tile& tile, int columns, const float* bias,
                                      Gate gate) {
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            const int row = tile.row + warp / 4 * 64 + i * 16 + r * 8 + lane / 4;
            if (row >= tile.end) continue;
#pragma unroll
            for (int j = 0; j < (GATED ? 2 : 4); j++) {
                const int column = tile.column + weight_row(warp, j) + lane % 4 * 2;
                if (column >= columns) continue;
                float x = d[i][j][2 * r], y = d[i][j][2 * r + 1];
                if (BIAS) x += bias[column], y += bias[column + 1];
                if (GATED) {
                    float u = d[i][(j + 2) % 4][2 * r], v = d[i][(j + 2) % 4][2 * r + 1];
                    if (BIAS) u += bias[columns + column], v += bias[columns + column + 1];
                    x = gated(x, u, gate);
                    y = gated(y, v, gate);
                }
                *(u32*)(c + (u64)row * columns + column) = pack(x, y);
            }
        }
    }
}

// a: [rows][depth]; w: [experts][weight rows][depth]; c: [rows][columns]. offsets: first row of each expert, [experts + 1].
// columns: even. depth: a multiple of 64.
extern "C" __global__ void __launch_bounds__(256)
grouped_gemm_mma(const u16* __restrict__ a, const u16* __restrict__ w, u16* __restrict__ c,
                 const int* __restrict__ offsetsIn, int experts, int columns, int depth, const float* __restrict__ bias,
                 Gate gate) {
    extern __shared__ __align__(128) u8 memory[];
    __shared__ int offsets[MAX_EXPERTS + 1];
    __shared__ int starts[MAX_EXPERTS + 1];
    const u32 base = shared_address(memory);
    const int columnTiles = (columns + OUT_COLUMNS - 1) / OUT_COLUMNS;
    for (int e = threadIdx.x; e <= experts; e += blockDim.x) offsets[e] = offsetsIn[e];
    __syncthreads();
    if (threadIdx.x < 32) { // a prefix sum of row tiles, 32 experts at a time
        int before = 0;
        for (int from = 0; from < experts; from += 32) {
            int e = from + threadIdx.x;
            int own = e < experts ? (offsets[e + 1] - offsets[e] + TILE - 1) / TILE : 0;
            int sum = own;
            for (int d = 1; d < 32; d *= 2) {
                int other = __shfl_up_sync(~0u, sum, d);
                if ((int)threadIdx.x >= d) sum += other;
            }
            if (e < experts) starts[e] = before + sum - own;
            before += __shfl_sync(~0u, sum, 31);
        }
        if (threadIdx.x == 0) starts[experts] = before;
    }
    __syncthreads();
    const int tiles = starts[experts] * columnTiles;
    const int steps = depth / TILE_K;
    for (int number = blockIdx.x; number < tiles; number += gridDim.x) {
        const Tile tile = tile_of(number, columnTiles, experts, starts, offsets);
        const u16* own = w + (u64)tile.expert * (GATED ? 2 : 1) * columns * depth;
        float d[4][4][4] = {};
        bring(base, a, own, tile, columns, depth, 0);
        for (int s = 0; s < steps; s++) {
            if (s + 1 < steps) {
                bring(base + (s + 1) % 2 * 2 * TILE_BYTES, a, own, tile, columns, depth, (s + 1) * TILE_K);
                asm volatile("cp.async.wait_group 1;" ::: "memory");
            } else {
                asm volatile("cp.async.wait_group 0;" ::: "memory");
            }
            __syncthreads();
            step(base + s % 2 * 2 * TILE_BYTES, d);
            __syncthreads();
        }
        store(d, c, tile, columns, bias + (u64)tile.expert * (GATED ? 2 : 1) * columns, gate);
    }
}
