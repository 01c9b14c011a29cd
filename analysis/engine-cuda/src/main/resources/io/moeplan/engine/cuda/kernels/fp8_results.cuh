// What becomes of the sums of grouped_gemm_fp8.cu: 64 rows and OUT_COLUMNS columns of a warpgroup.

__device__ __forceinline__ void store_shared(u32 to, float first, float second) {
    asm volatile("st.shared.v2.f32 [%0], {%1, %2};" ::"r"(to), "f"(first), "f"(second) : "memory");
}

// Adds a box of float32 to global memory.
__device__ __forceinline__ void add_box(const TensorMap* map, u32 from, int column, int row) {
    asm volatile("cp.reduce.async.bulk.tensor.2d.global.shared::cta.add.tile.bulk_group [%0, {%1, %2}], [%3];"
                 ::"l"(map), "r"(column), "r"(row), "r"(from) : "memory");
}

__device__ __forceinline__ void store_shared(u32 to, u16 value) {
    asm volatile("st.shared.b16 [%0], %1;" ::"r"(to), "h"(value) : "memory");
}

__device__ __forceinline__ u16 e4m3(float low, float high) {
    u16 packed;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(packed) : "f"(high), "f"(low));
    return packed;
}

__device__ __forceinline__ float silu(float x) { return __fdividef(x, 1.0f + __expf(-x)); }

// Where they go: to rows from firstRow on, of which those before tile.end are the expert's.
struct Rows {
    Tile tile;
    int firstRow;
    u32 staging; // room in shared memory
    int group;   // the warpgroup
    int r;       // the upper of a thread's two rows, counted from firstRow
    int lane;
};

__device__ __forceinline__ void store(float (&d)[128], const Rows& rows, const TensorMap& out, u8* c, float* cScales,
                                      u32 scaleStride, int columns, float share) {
    const Tile& tile = rows.tile;
    const int firstRow = rows.firstRow;
    const u32 staging = rows.staging;
    const int lane = rows.lane;
    const int r = rows.r;
    const bool whole = firstRow + 64 <= tile.end;
    if (whole) {
        // Through shared memory, so that the copy engine writes it while the next tile is multiplied.
        if (threadIdx.x % 128 == 0) asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
        group_sync(rows.group);
    }
#if GATED
    float most[2] = {0, 0};
#pragma unroll
    for (int i = 0; i < 64; i++) {
        d[i] = silu(d[i]) * d[i + 64];
        most[i % 4 / 2] = fmaxf(most[i % 4 / 2], fabsf(d[i]));
    }
#pragma unroll
    for (int q = 0; q < 2; q++) {
        const int row = firstRow + r + 8 * q;
        float m = fmaxf(most[q], __shfl_xor_sync(~0u, most[q], 1));
        m = fmaxf(m, __shfl_xor_sync(~0u, m, 2));
        const float scale = m > 0 ? m / 448.0f : 1.0f;
        const float inverse = 1.0f / scale;
        if (lane % 4 == 0 && row < tile.end) cScales[(u64)(tile.column / 128) * scaleStride + row] = scale;
        u8* to = c + (u64)row * columns + tile.column + lane % 4 * 2;
        const u32 line = staging + (r + 8 * q) * 128 + lane % 4 * 2;
        if (whole) {
#pragma unroll
            for (int j = 0; j < 16; j++)
                store_shared(line + ((j / 2) ^ (r % 8)) * 16 + j % 2 * 8,
                             e4m3(d[4 * j + 2 * q] * inverse, d[4 * j + 2 * q + 1] * inverse));
        } else if (row < tile.end) {
#pragma unroll
            for (int j = 0; j < 16; j++)
                *(u16*)(to + j * 8) = e4m3(d[4 * j + 2 * q] * inverse, d[4 * j + 2 * q + 1] * inverse);
        }
    }
#elif ADDED
    if (whole) {
        // Half of the columns at a time, which fills the staging room.
#pragma unroll
        for (int h = 0; h < 2; h++) {
            if (h > 0) {
                if (threadIdx.x % 128 == 0) asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
                group_sync(rows.group);
            }
#pragma unroll
            for (int q = 0; q < 2; q++)
#pragma unroll
                for (int j = 0; j < 16; j++) {
                    const u32 chunk = (j % 4 * 2 + lane % 4 / 2) ^ (r % 8);
                    store_shared(staging + j / 4 * 8192 + (r + 8 * q) * 128 + chunk * 16 + lane % 2 * 8,
                                 share * d[64 * h + 4 * j + 2 * q], share * d[64 * h + 4 * j + 2 * q + 1]);
                }
            asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
            group_sync(rows.group);
            if (threadIdx.x % 128 != 0) continue;
            for (int box = 0; box < 4; box++)
                if (tile.column + h * 128 + box * 32 < columns)
                    add_box(&out, staging + box * 8192, tile.column + h * 128 + box * 32, firstRow);
            asm volatile("cp.async.bulk.commit_group;" ::: "memory");
        }
        return;
    }
#pragma unroll
    for (int q = 0; q < 2; q++) {
        const int row = firstRow + r + 8 * q;
        if (row >= tile.end) continue;
        const int column = tile.column + lane % 4 * 2;
        float2* to = (float2*)((float*)c + (u64)row * columns + column);
#pragma unroll
        for (int j = 0; j < OUT_COLUMNS / 8; j++) {
            if (column + j * 8 >= columns) continue;
            const float2 before = to[4 * j];
            to[4 * j] = make_float2(fmaf(share, d[4 * j + 2 * q], before.x),
                                    fmaf(share, d[4 * j + 2 * q + 1], before.y));
        }
    }
#else
#pragma unroll
    for (int q = 0; q < 2; q++) {
        const int row = firstRow + r + 8 * q;
        const int column = tile.column + lane % 4 * 2;
        u16* to = (u16*)c + (u64)row * columns + column;
        const u32 line = staging + (r + 8 * q) * 128 + lane % 4 * 4;
        if (whole) {
#pragma unroll
            for (int j = 0; j < OUT_COLUMNS / 8; j++)
                store_shared(line + j / 8 * 8192 + ((j % 8) ^ (r % 8)) * 16,
                             pack(MLP_SCALE * d[4 * j + 2 * q], MLP_SCALE * d[4 * j + 2 * q + 1]));
        } else if (row < tile.end) {
#pragma unroll
            for (int j = 0; j < OUT_COLUMNS / 8; j++)
                if (column + j * 8 < columns)
                    *(u32*)(to + j * 8) = pack(MLP_SCALE * d[4 * j + 2 * q], MLP_SCALE * d[4 * j + 2 * q + 1]);
        }
    }
#endif
    if (!whole) return;
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    group_sync(rows.group);
    if (threadIdx.x % 128 == 0) {
        const int boxColumns = GATED ? 128 : 64;
        for (int box = 0; box < OUT_COLUMNS / boxColumns; box++)
            if (tile.column + box * boxColumns < columns)
                store_box(&out, staging + box * 8192, tile.column + box * boxColumns, firstRow);
        asm volatile("cp.async.bulk.commit_group;" ::: "memory");
    }
}
