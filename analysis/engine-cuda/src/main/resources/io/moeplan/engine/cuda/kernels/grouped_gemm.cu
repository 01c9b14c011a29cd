// Grouped matrix product of a mixture-of-experts layer on Hopper: rows sorted by expert times each expert's weights.
//
//   c[row][n] = a[row] . w[expert of row][n]                                                        (GATED 0)
//   c[row][n] = MLP_SCALE * gate(g) * u,  g = a[row] . w[expert][n],  u = a[row] . w[expert][columns + n]   (GATED 1)
//
// gate(g) * u is silu(g) * u, or if CLAMPED (u' + shift) * g' / (1 + exp(-slope g')) with g' = min(g, limit) and u' = u within
// limit. BIAS: a bias of each expert's weight row is added to the products.
//
// A block keeps to one multiprocessor and takes tiles of 128 rows and 256 weight rows in turn. One warpgroup brings 64
// columns at a time of both to shared memory with the copy engine, STAGES deep; two warpgroups multiply, 64 rows each, and
// keep 64 x 256 sums in registers. Tiles are counted per expert from the offsets on the device: the host need not know how
// many rows an expert has, and no expert is padded to the largest. Rows of a tile that belong to the next expert are
// computed and not stored.

#include "hopper.cuh"
#include "gate.cuh"

#define TILE_M 128
#define TILE_N 256
#define TILE_K 64
#define STAGES 3
#define OUT_COLUMNS (GATED ? 128 : 256)
#define OUT_BYTES (64 * OUT_COLUMNS * 2)
#define ROW_GROUP 16
#define A_BYTES (TILE_M * TILE_K * 2)
#define B_BYTES (TILE_N * TILE_K * 2)

#include "row_tiles.cuh"
#include "boxes.cuh"

// A tile in shared memory, rows of 128 bytes, 128-byte swizzled in groups of 8 rows.
__device__ __forceinline__ u64 descriptor(u32 address) {
    return (u64)((address & 0x3ffff) >> 4) | (1ull << 16) | (64ull << 32) | (1ull << 62);
}

__device__ __forceinline__ void multiply(float (&d)[128], u64 a, u64 b, int accumulate) {
    asm volatile("{\n"
                 ".reg .pred p;\n"
                 "setp.ne.b32 p, %130, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n256k16.f32." PTX_TYPE "." PTX_TYPE " {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, %96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127}, %128, %129, p, 1, 1, 0, 0;\n"
                 "}\n"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]), "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]), "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]), "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63]), "+f"(d[64]), "+f"(d[65]), "+f"(d[66]), "+f"(d[67]), "+f"(d[68]), "+f"(d[69]), "+f"(d[70]), "+f"(d[71]), "+f"(d[72]), "+f"(d[73]), "+f"(d[74]), "+f"(d[75]), "+f"(d[76]), "+f"(d[77]), "+f"(d[78]), "+f"(d[79]), "+f"(d[80]), "+f"(d[81]), "+f"(d[82]), "+f"(d[83]), "+f"(d[84]), "+f"(d[85]), "+f"(d[86]), "+f"(d[87]), "+f"(d[88]), "+f"(d[89]), "+f"(d[90]), "+f"(d[91]), "+f"(d[92]), "+f"(d[93]), "+f"(d[94]), "+f"(d[95]), "+f"(d[96]), "+f"(d[97]), "+f"(d[98]), "+f"(d[99]), "+f"(d[100]), "+f"(d[101]), "+f"(d[102]), "+f"(d[103]), "+f"(d[104]), "+f"(d[105]), "+f"(d[106]), "+f"(d[107]), "+f"(d[108]), "+f"(d[109]), "+f"(d[110]), "+f"(d[111]), "+f"(d[112]), "+f"(d[113]), "+f"(d[114]), "+f"(d[115]), "+f"(d[116]), "+f"(d[117]), "+f"(d[118]), "+f"(d[119]), "+f"(d[120]), "+f"(d[121]), "+f"(d[122]), "+f"(d[123]), "+f"(d[124]), "+f"(d[125]), "+f"(d[126]), "+f"(d[127])
                 : "l"(a), "l"(b), "r"(accumulate));
}

// Two neighbouring outputs: of the upper row (from 0) or the one 8 below (from 2).
__device__ __forceinline__ u32 result(const float (&d)[128], int j, int from, Gate gate) {
    float x = d[4 * j + from];
    float y = d[4 * j + from + 1];
#if GATED
    return pack(gated(x, d[4 * j + from + 64], gate), gated(y, d[4 * j + from + 65], gate));
#else
    return pack(x, y);
#endif
}

// own: of the expert's weight rows.
__device__ __forceinline__ void add_bias(float (&d)[128], const float* own, int column, int columns) {
#pragma unroll
    for (int j = 0; j < TILE_N / 8; j++) {
        const int at = GATED ? column + j % 16 * 8 : column + j * 8;
        if (at >= columns) continue;
        const float2 bias = *(const float2*)(own + at + (GATED && j >= 16 ? columns : 0));
        d[4 * j] += bias.x;
        d[4 * j + 1] += bias.y;
        d[4 * j + 2] += bias.x;
        d[4 * j + 3] += bias.y;
    }
}

// offsets: first row of each expert, [experts + 1]. columns: of c, even. depth: a multiple of 64. bias: [experts][weight rows].
extern "C" __global__ void __launch_bounds__(384, 1)
grouped_gemm(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap w,
             const __grid_constant__ TensorMap out, u16* __restrict__ c,
             const int* __restrict__ offsets, int experts, int columns, int depth, const float* __restrict__ bias,
             const __grid_constant__ Gate gate) {
    extern __shared__ __align__(1024) u8 memory[];
    __shared__ __align__(8) u64 full[STAGES];
    __shared__ __align__(8) u64 empty[STAGES];
    __shared__ RowTiles rowTiles;
    const u32 base = (shared_address(memory) + 1023) & ~1023u;
    const int tileColumns = GATED ? TILE_N / 2 : TILE_N;
    const int columnTiles = (columns + tileColumns - 1) / tileColumns;
    const int steps = depth / TILE_K;

    if (threadIdx.x == 0) {
        for (int s = 0; s < STAGES; s++) {
            barrier_init(shared_address(&full[s]), 1);
            barrier_init(shared_address(&empty[s]), 2);
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    count_row_tiles(rowTiles, offsets, experts);
    const Walk first = walk(rowTiles, experts, columnTiles);
    const int group = warpgroup_number();

    if (group == 0) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
        if (threadIdx.x == 0) {
            Boxes boxes{full, empty, base, 0, 1};
            for (Walk at = first; at.more(); at.next()) {
                Tile tile = tile_of(at, rowTiles, tileColumns);
                int weightRow = tile.expert * (GATED ? 2 * columns : columns) + tile.column;
                bring_boxes(boxes, a, w, tile.row, weightRow, GATED ? columns : TILE_N / 2, steps);
            }
        }
    } else {
        asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
        const int half = group - 1;
        const int lane = threadIdx.x % 32;
        const int warp = threadIdx.x % 128 / 32;
        int stage = 0;
        u32 parity = 0;
        for (Walk at = first; at.more(); at.next()) {
            Tile tile = tile_of(at, rowTiles, tileColumns);
            float d[128];
            int last = 0;
            for (int step = 0; step < steps; step++) {
                barrier_wait(shared_address(&full[stage]), parity);
                u32 from = base + stage * (A_BYTES + B_BYTES);
                u64 left = descriptor(from + half * (A_BYTES / 2));
                u64 right = descriptor(from + A_BYTES);
                asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
                for (int k = 0; k < TILE_K / 16; k++) multiply(d, left + 2 * k, right + 2 * k, step > 0 || k > 0);
                asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
                // The stage before is free once its product is done; this one may still run.
                asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");
                if (step > 0 && threadIdx.x % 128 == 0) barrier_arrive(shared_address(&empty[last]));
                last = stage;
                if (++stage == STAGES) { stage = 0; parity ^= 1; }
            }
            asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
            if (threadIdx.x % 128 == 0) barrier_arrive(shared_address(&empty[last]));
#if BIAS
            add_bias(d, bias + (u64)tile.expert * (GATED ? 2 : 1) * columns, tile.column + lane % 4 * 2, columns);
#endif
            const int firstRow = tile.row + half * 64;
            const u32 staging = base + STAGES * (A_BYTES + B_BYTES) + half * OUT_BYTES;
            if (firstRow + 64 <= tile.end) {
                // Through shared memory, so that the copy engine writes it while the next tile is multiplied.
                if (threadIdx.x % 128 == 0) asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
                group_sync(group);
                const int r = warp * 16 + lane / 4;
#pragma unroll
                for (int j = 0; j < OUT_COLUMNS / 8; j++) {
                    u32 at = staging + j / 8 * 8192 + r * 128 + ((j % 8) ^ (r % 8)) * 16 + lane % 4 * 4;
                    store_shared(at, result(d, j, 0, gate));
                    store_shared(at + 1024, result(d, j, 2, gate));
                }
                asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
                group_sync(group);
                if (threadIdx.x % 128 == 0) {
                    for (int box = 0; box < OUT_COLUMNS / 64; box++)
                        if (tile.column + box * 64 < columns)
                            store_box(&out, staging + box * 8192, tile.column + box * 64, firstRow);
                    asm volatile("cp.async.bulk.commit_group;" ::: "memory");
                }
                continue;
            }
            int row = firstRow + warp * 16 + lane / 4;
            int column = tile.column + lane % 4 * 2;
            u16* upper = c + (u64)row * columns + column;
            u16* lower = upper + 8ull * columns;
#pragma unroll
            for (int j = 0; j < OUT_COLUMNS / 8; j++) {
                if (column + j * 8 < columns) {
                    if (row < tile.end) *(u32*)(upper + j * 8) = result(d, j, 0, gate);
                    if (row + 8 < tile.end) *(u32*)(lower + j * 8) = result(d, j, 2, gate);
                }
            }
        }
        if (threadIdx.x % 128 == 0) asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
    }
}
