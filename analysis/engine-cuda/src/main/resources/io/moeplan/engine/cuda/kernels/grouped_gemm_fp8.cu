// The grouped product of grouped_gemm.cu in fp8 (e4m3) with scales: each 128 columns of a row of a have one, and each 128 x 128
// block of an expert's weights.
//
//   c[row][n] = sum over b of sa[b][row] * sw[expert][n / 128][b] * (a[row][b's columns] . w[expert][n][b's columns])
//   GATED: silu(g) * u as there, rounded to e4m3 with a scale for each 128 columns of a row
//   ADDED: float32 c[row][n] += share * the sum, instead of MLP_SCALE * the sum in 16 bits
//
// The matrix units' own sums of fp8 products are short of float32, so that each 128 columns' sums go to float32 registers,
// scaled, before the next (DeepSeek-AI 2024, arXiv 2412.19437, 3.3.2). While one warpgroup does that the other multiplies. Three
// warps beside the copying one bring the scales.

#include "hopper.cuh"

#define TILE_M 128
#define TILE_N 256
#define TILE_K 128
#define STAGES 3
#define OUT_COLUMNS (GATED ? 128 : 256)
#define OUT_BYTES (GATED ? 64 * 128 : 64 * 256 * 2)
#define ROW_GROUP 16
#define A_BYTES (TILE_M * TILE_K)
#define B_BYTES (TILE_N * TILE_K)
#define SCALE_BYTES ((TILE_M + 2) * 4)

#include "row_tiles.cuh"
#include "boxes.cuh"
#include "tickets.cuh"
#include "fp8_results.cuh"

__device__ __forceinline__ float load_shared(u32 from) {
    float x;
    asm volatile("ld.shared.f32 %0, [%1];" : "=f"(x) : "r"(from) : "memory");
    return x;
}

// A tile in shared memory, rows of 128 bytes, 128-byte swizzled in groups of 8 rows.
__device__ __forceinline__ u64 descriptor(u32 address) {
    return (u64)((address & 0x3ffff) >> 4) | (1ull << 16) | (64ull << 32) | (1ull << 62);
}

__device__ __forceinline__ void multiply(float (&d)[64], u64 a, u64 b, int accumulate) {
    asm volatile("{\n"
                 ".reg .pred p;\n"
                 "setp.ne.b32 p, %66, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3 {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, %64, %65, p, 1, 1;\n"
                 "}\n"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]), "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]), "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]), "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
                 : "l"(a), "l"(b), "r"(accumulate));
}

// The two warpgroups multiply in turn: one multiplies while the other adds. A turn ends when half of its products are done, as
// the other's take a while to start.
__device__ __forceinline__ void take_turn(int group) {
    asm volatile("bar.sync %0, 256;" ::"r"(group + 2) : "memory");
}

__device__ __forceinline__ void give_turn(int group) {
    asm volatile("bar.arrive %0, 256;" ::"r"(5 - group) : "memory");
}

struct Scales {
    const float* rows;
    const float* weights;
    u32 stride;
};

// The part of a warp for each stage: brings the scales of its steps to shared memory, a round ahead in registers, as loads take
// longer than a step. Rows beyond an expert's last are not stored; their scales are any.
__device__ __forceinline__ void bring_scales(float (*to)[TILE_M + 2], u64* full, u64* empty, const Scales from,
                                             Tickets& tickets, Walk at, const RowTiles& rowTiles, int columns,
                                             int steps) {
    const int lane = threadIdx.x % 32;
    const int scaleRows = ((GATED ? 2 * columns : columns) + 127) / 128;
    const int stage = threadIdx.x / 32 - 1;
    u32 parity = 1;
    int next = stage; // its next step, counted from the tile's first
    u32 turn = 0;
    while (take(tickets, turn, at)) {
        const Tile tile = tile_of(at, rowTiles, GATED ? TILE_N / 2 : TILE_N);
        const int second = (GATED ? tile.column + columns : tile.column + 128) / 128;
        const int block = lane == 0 ? tile.column / 128 : min(second, scaleRows - 1);
        const float* weight = from.weights + ((u64)tile.expert * scaleRows + block) * steps;
        for (; next < steps; next += STAGES) {
            const float* rows = from.rows + (u64)next * from.stride;
            float own[TILE_M / 32];
#pragma unroll
            for (int i = 0; i < TILE_M / 32; i++) own[i] = rows[min(tile.row + i * 32 + lane, tile.end - 1)];
            const float factor = weight[next];
            barrier_wait(shared_address(&empty[stage]), parity);
#pragma unroll
            for (int i = 0; i < TILE_M / 32; i++) to[stage][i * 32 + lane] = own[i];
            if (lane < 2) to[stage][TILE_M + lane] = factor;
            barrier_arrive(shared_address(&full[stage]));
            parity ^= 1;
        }
        next -= steps;
    }
}

// offsets: first row of each expert, [experts + 1]. columns: of c, GATED: a multiple of 128. depth: a multiple of 128.
// aScales: [depth / 128][scaleStride]; wScales: [experts][weight rows / 128, rounded up][depth / 128]. GATED: c is e4m3 and
// cScales [columns / 128][scaleStride]; else c is of NUMBERS, ADDED float32.
extern "C" __global__ void __launch_bounds__(384, 1)
grouped_gemm_fp8(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap w,
                 const __grid_constant__ TensorMap out, u8* __restrict__ c, const float* __restrict__ aScales,
                 const float* __restrict__ wScales, float* __restrict__ cScales, u32 scaleStride,
                 const int* __restrict__ offsets, int experts, int columns, int depth, float share) {
    extern __shared__ __align__(1024) u8 memory[];
    __shared__ __align__(8) u64 full[STAGES];
    __shared__ __align__(8) u64 empty[STAGES];
    __shared__ float scales[STAGES][TILE_M + 2]; // of rows, of both weight blocks
    __shared__ RowTiles rowTiles;
    __shared__ __align__(8) Tickets tickets;
    const u32 base = (shared_address(memory) + 1023) & ~1023u;
    const int tileColumns = GATED ? TILE_N / 2 : TILE_N;
    const int columnTiles = (columns + tileColumns - 1) / tileColumns;
    const int steps = depth / TILE_K;
    const int weightRows = GATED ? 2 * columns : columns;

    if (threadIdx.x == 0) {
        for (int s = 0; s < STAGES; s++) {
            barrier_init(shared_address(&full[s]), 1 + 32); // the boxes, and a warp with scales
            barrier_init(shared_address(&empty[s]), 2 * 128);
        }
        tickets_init(tickets, 2 * 128 + 3 * 32);
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    count_row_tiles(rowTiles, offsets, experts);
    Walk at = walk(rowTiles, experts, columnTiles);
    const int group = warpgroup_number();

    if (group == 0) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 56;");
        if (threadIdx.x == 0) {
            Boxes boxes{full, empty, base, 0, 1};
            for (u32 turn = 0; offer(tickets, turn, at.number), at.more(); turn++) {
                const int following = draw();
                Tile tile = tile_of(at, rowTiles, tileColumns);
                int weightRow = tile.expert * weightRows + tile.column;
                bring_boxes(boxes, a, w, tile.row, weightRow, GATED ? columns : TILE_N / 2, steps);
                at.number = following;
            }
            end_drawing();
        } else if (threadIdx.x >= 32) {
            bring_scales(scales, full, empty, Scales{aScales, wScales, scaleStride}, tickets, at, rowTiles, columns,
                         steps);
        }
    } else {
        asm volatile("setmaxnreg.inc.sync.aligned.u32 224;");
        const int half = group - 1;
        const int lane = threadIdx.x % 32;
        const int warp = threadIdx.x % 128 / 32;
        const int r = warp * 16 + lane / 4;
        // Of the first stage.
        const u64 rows = descriptor(base + half * (A_BYTES / 2));
        const u64 weights = descriptor(base + A_BYTES);
        const u32 isFull = kept(shared_address(full));
        const u32 isEmpty = kept(shared_address(empty));
        const u32 rowScales = kept(shared_address(&scales[0][half * 64 + r]));
        const u32 blockScales = kept(shared_address(&scales[0][TILE_M]));
        if (half == 1) give_turn(2);
        int stage = 0;
        u32 parity = 0;
        u32 turn = 0;
        while (take(tickets, turn, at)) {
            Tile tile = tile_of(at, rowTiles, tileColumns);
            const int firstRow = tile.row + half * 64;
            if (firstRow >= tile.end) { // no row: only passes on what the others wait for
                for (int step = 0; step < steps; step++) {
                    barrier_wait(isFull + 8 * stage, parity);
#pragma unroll
                    for (int h = 0; h < 2; h++) {
                        take_turn(group);
                        give_turn(group);
                    }
                    barrier_arrive(isEmpty + 8 * stage);
                    if (++stage == STAGES) { stage = 0; parity ^= 1; }
                }
                continue;
            }
            float d[128];
#pragma unroll
            for (int i = 0; i < 128; i++) d[i] = 0;
            for (int step = 0; step < steps; step++) {
                barrier_wait(isFull + 8 * stage, parity);
                const float upper = load_shared(rowScales + stage * SCALE_BYTES);
                const float lower = load_shared(rowScales + stage * SCALE_BYTES + 8 * 4);
                const float blocks[2] = {load_shared(blockScales + stage * SCALE_BYTES),
                                         load_shared(blockScales + stage * SCALE_BYTES + 4)};
                const u32 from = stage * ((A_BYTES + B_BYTES) / 16); // descriptors count in 16 bytes
                const u64 left = rows + from;
#pragma unroll
                for (int h = 0; h < 2; h++) {
                    const u64 right = weights + from + h * (B_BYTES / 2 / 16);
                    float part[64];
                    settle(part);
                    take_turn(group);
                    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
                    for (int k = 0; k < TILE_K / 32; k++) {
                        multiply(part, left + 2 * k, right + 2 * k, k > 0);
                        if (k == TILE_K / 32 / 2 - 1) asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
                    }
                    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
                    asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");
                    give_turn(group);
                    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
                    settle(part);
                    if (h == 1) barrier_arrive(isEmpty + 8 * stage);
                    const float factors[2] = {upper * blocks[h], lower * blocks[h]};
#pragma unroll
                    for (int i = 0; i < 64; i++) d[64 * h + i] = fmaf(part[i], factors[i % 4 / 2], d[64 * h + i]);
                }
                if (++stage == STAGES) { stage = 0; parity ^= 1; }
            }
            const u32 staging = base + STAGES * (A_BYTES + B_BYTES) + half * OUT_BYTES;
            store(d, Rows{tile, firstRow, staging, group, r, lane}, out, c, cScales, scaleStride, columns, share);
        }
        if (threadIdx.x % 128 == 0) asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
    }
}
