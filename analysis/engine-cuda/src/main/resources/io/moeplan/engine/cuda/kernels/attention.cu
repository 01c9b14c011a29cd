// Causal attention on Hopper, in one pass over keys with a running softmax (Dao 2023, arXiv 2307.08691; Shah et al. 2024,
// arXiv 2407.08608): out[t][h] = sum over s <= t of softmax(scale * q[t][h] . k[s][h / GROUP]) v[s][h / GROUP].
//
// A block keeps to one multiprocessor and takes tiles of 128 queries of one head in turn, the longest first. One warpgroup
// brings queries, and 128 keys and values at a time, to shared memory; two warpgroups take 64 queries each. A warpgroup starts
// the scores of the next keys before the sums of the last ones, so that the matrix units work while it takes exponentials.
// Keys run from the diagonal down, so that the first ones already bound every query's softmax.
//
// QK: columns of queries and keys, a multiple of 64. VALUES: columns of values, 64 or 128. SHARED_ROPE: the last 64 columns of
// a key are those of a matrix that all heads share (multi-head latent attention).

#include "hopper.cuh"
#include "quads.cuh"

#define TILE 128
#define STAGES 2
#define SLAB (TILE * 128) // 64 columns of 128 rows
#define QK_BYTES (TILE * QK * 2)
#define V_BYTES (TILE * VALUES * 2)
#define KEY_SLABS (SHARED_ROPE ? QK / 64 - 1 : QK / 64)
#define NEGATIVE_INFINITY __int_as_float(0xff800000)

// Rows of 128 bytes, 128-byte swizzled in groups of 8; the products' inner dimension runs along the rows.
__device__ __forceinline__ u64 along(u32 address) {
    return (u64)((address & 0x3ffff) >> 4) | (1ull << 16) | (64ull << 32) | (1ull << 62);
}

// The same slabs, with the inner dimension down the rows: slabs are SLAB apart, groups of 8 rows 1024 bytes.
__device__ __forceinline__ u64 down(u32 address) {
    return (u64)((address & 0x3ffff) >> 4) | ((u64)(SLAB >> 4) << 16) | (64ull << 32) | (1ull << 62);
}

// Scores: queries and keys in shared memory.
__device__ __forceinline__ void multiply(float (&d)[64], u64 a, u64 b, int accumulate) {
    asm volatile("{\n"
                 ".reg .pred p;\n"
                 "setp.ne.b32 p, %66, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n128k16.f32." PTX_TYPE "." PTX_TYPE " {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, %64, %65, p, 1, 1, 0, 0;\n"
                 "}\n"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]), "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]), "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]), "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
                 : "l"(a), "l"(b), "r"(accumulate));
}

// Sums: weights in registers, values in shared memory.
#if VALUES == 64
__device__ __forceinline__ void multiply_own(float (&d)[32], const u32* a, u64 b) {
    asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32." PTX_TYPE "." PTX_TYPE " {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, {%32, %33, %34, %35}, %36, 1, 1, 1, 1;\n"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}
#else
__device__ __forceinline__ void multiply_own(float (&d)[64], const u32* a, u64 b) {
    asm volatile("wgmma.mma_async.sync.aligned.m64n128k16.f32." PTX_TYPE "." PTX_TYPE " {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, {%64, %65, %66, %67}, %68, 1, 1, 1, 1;\n"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]), "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]), "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]), "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}
#endif

__device__ __forceinline__ void products_begin() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void products_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int LEFT> __device__ __forceinline__ void products_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LEFT) : "memory");
}

__device__ __forceinline__ float exp2_of(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// Which queries and keys: the sequence's first row, its length, the tile's first query in it.
struct Tile {
    int start;
    int length;
    int query;
    int lowest;  // block of keys
    int highest; // block of keys
};

__device__ __forceinline__ Tile tile_of(int4 item, int window) {
    Tile tile;
    tile.start = item.x;
    tile.length = item.y;
    tile.query = item.z;
    tile.highest = (min(item.z + TILE, item.y) - 1) / TILE;
    tile.lowest = window > 0 ? max(0, item.z - window + 1) / TILE : 0;
    return tile;
}

struct Softmax {
    float most[2]; // of this thread's two rows, unscaled
    float sum[2];  // this thread's share
};

// Masks what a query must not see, and turns scores into weights; gives what older sums are to be multiplied with.
__device__ __forceinline__ void weigh(float (&s)[64], Softmax& state, float (&factor)[2], float scale, int query, int key,
                                      int window) {
    const int lane = threadIdx.x % 32;
    const int row = query + threadIdx.x % 128 / 32 * 16 + lane / 4;
    if (key + TILE - 1 > query || (window > 0 && key <= query + 63 - window)) {
#pragma unroll
        for (int i = 0; i < 64; i++) {
            int at = key + i / 4 * 8 + lane % 4 * 2 + i % 2;
            int own = row + i % 4 / 2 * 8;
            if (at > own || (window > 0 && at <= own - window)) s[i] = NEGATIVE_INFINITY;
        }
    }
    float shift[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float most = state.most[r];
#pragma unroll
        for (int j = 0; j < 16; j++) most = fmaxf(most, fmaxf(s[4 * j + 2 * r], s[4 * j + 2 * r + 1]));
        most = quad_max(most);
        factor[r] = exp2_of((state.most[r] - most) * scale);
        state.most[r] = most;
        shift[r] = most * scale;
    }
    float sums[2] = {0, 0};
#pragma unroll
    for (int j = 0; j < 16; j++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float& a = s[4 * j + 2 * r];
            float& b = s[4 * j + 2 * r + 1];
            a = exp2_of(fmaf(a, scale, -shift[r]));
            b = exp2_of(fmaf(b, scale, -shift[r]));
            sums[r] += a + b;
        }
    }
    state.sum[0] = state.sum[0] * factor[0] + sums[0];
    state.sum[1] = state.sum[1] * factor[1] + sums[1];
}

// Scores lie in registers as the left side of the next product takes them.
__device__ __forceinline__ void round_to(u32 (&p)[32], const float (&s)[64]) {
#pragma unroll
    for (int i = 0; i < 32; i++) p[i] = pack(s[2 * i], s[2 * i + 1]);
}

// Four neighbouring 16-bit pairs of one lane become those of the quad's lanes, so that each stores 16 bytes.
__device__ __forceinline__ uint4 transpose(u32 a, u32 b, u32 c, u32 d) {
    const bool odd = threadIdx.x & 1;
    const bool upper = threadIdx.x & 2;
    u32 x = __shfl_xor_sync(~0u, odd ? a : b, 1);
    u32 y = __shfl_xor_sync(~0u, odd ? c : d, 1);
    if (odd) { a = x; c = y; } else { b = x; d = y; }
    x = __shfl_xor_sync(~0u, upper ? a : c, 2);
    y = __shfl_xor_sync(~0u, upper ? b : d, 2);
    if (upper) { a = x; b = y; } else { c = x; d = y; }
    return {a, b, c, d};
}

// Queues the products of queries and keys.
__device__ __forceinline__ void score(float (&s)[64], u64 left, u64 right) {
#pragma unroll
    for (int i = 0; i < QK / 16; i++) {
        const int step = i / 4 * (SLAB >> 4) + i % 4 * 2;
        multiply(s, left + step, right + step, i > 0);
    }
}

// The two warpgroups start products in turn: one's run while the other takes exponentials.
__device__ __forceinline__ void take_turn(int group) {
    asm volatile("bar.sync %0, 256;" ::"r"(group + 1) : "memory");
}

__device__ __forceinline__ void give_turn(int group) {
    asm volatile("bar.arrive %0, 256;" ::"r"(4 - group) : "memory");
}

// Maps: boxes of 128 rows and 64 columns of q [tokens][heads * QK], k and v [tokens][...] with a head's columns keyStride and
// valueStride after the one before, rope [tokens][64] if SHARED_ROPE. items: first row, length and first query of each tile,
// longest first. window: how many keys a query sees, itself included; 0 for all. sinks: a logit of each head that takes part
// in the softmax and stands for no value, or null. scale: of scores. out: [tokens], outStride elements apart.
extern "C" __global__ void __launch_bounds__(384, 1)
attention(const __grid_constant__ TensorMap q, const __grid_constant__ TensorMap k, const __grid_constant__ TensorMap v,
          const __grid_constant__ TensorMap rope, u16* __restrict__ out, u64 outStride, const int4* __restrict__ items,
          int count, int heads, int group, int keyStride, int valueStride, float scale, int window,
          const float* __restrict__ sinks) {
    extern __shared__ __align__(1024) u8 memory[];
    __shared__ __align__(8) u64 barriers[2 + 4 * STAGES];
    const u32 queries = (shared_address(memory) + 1023) & ~1023u;
    const u32 keys = queries + QK_BYTES;
    const u32 values = keys + STAGES * QK_BYTES;
    const u32 queryFull = shared_address(barriers);
    const u32 queryEmpty = queryFull + 8;
    const u32 keyFull = queryFull + 16;
    const u32 keyEmpty = keyFull + 8 * STAGES;
    const u32 valueFull = keyEmpty + 8 * STAGES;
    const u32 valueEmpty = valueFull + 8 * STAGES;
    if (threadIdx.x == 0) {
        barrier_init(queryFull, 1);
        barrier_init(queryEmpty, 2);
        for (int s = 0; s < STAGES; s++) {
            barrier_init(keyFull + 8 * s, 1);
            barrier_init(keyEmpty + 8 * s, 2);
            barrier_init(valueFull + 8 * s, 1);
            barrier_init(valueEmpty + 8 * s, 2);
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    __syncthreads();
    const int tiles = count * heads;
    const int warpgroup = warpgroup_number();

    if (warpgroup == 0) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 24;");
        if (threadIdx.x != 0) return;
        int keyAt = 0, valueAt = 0; // boxes brought so far
        u32 queryParity = 1;
        for (int number = blockIdx.x; number < tiles; number += gridDim.x) {
            const Tile tile = tile_of(items[number / heads], window);
            const int head = number % heads;
            const int keyColumn = head / group * keyStride;
            const int valueColumn = head / group * valueStride;
            barrier_wait(queryEmpty, queryParity);
            queryParity ^= 1;
            barrier_expect(queryFull, QK_BYTES);
            for (int s = 0; s < QK / 64; s++)
                load_box(queries + s * SLAB, &q, head * QK + s * 64, tile.start + tile.query, queryFull);
            // The keys of a block go before the values of the one above it, as they are used.
            for (int block = tile.highest; block >= tile.lowest - 1; block--) {
                if (block >= tile.lowest) {
                    const int stage = keyAt % STAGES;
                    barrier_wait(keyEmpty + 8 * stage, ~(keyAt / STAGES) & 1);
                    keyAt++;
                    barrier_expect(keyFull + 8 * stage, QK_BYTES);
                    const u32 to = keys + stage * QK_BYTES;
                    const int row = tile.start + block * TILE;
                    for (int s = 0; s < KEY_SLABS; s++)
                        load_box(to + s * SLAB, &k, keyColumn + s * 64, row, keyFull + 8 * stage);
                    if (SHARED_ROPE) load_box(to + KEY_SLABS * SLAB, &rope, 0, row, keyFull + 8 * stage);
                }
                if (block < tile.highest) {
                    const int stage = valueAt % STAGES;
                    barrier_wait(valueEmpty + 8 * stage, ~(valueAt / STAGES) & 1);
                    valueAt++;
                    barrier_expect(valueFull + 8 * stage, V_BYTES);
                    for (int s = 0; s < VALUES / 64; s++)
                        load_box(values + stage * V_BYTES + s * SLAB, &v, valueColumn + s * 64,
                                 tile.start + (block + 1) * TILE, valueFull + 8 * stage);
                }
            }
        }
    } else {
        asm volatile("setmaxnreg.inc.sync.aligned.u32 240;");
        const int lane = threadIdx.x % 32;
        const int half = warpgroup - 1;
        const bool speaks = threadIdx.x % 128 == 0;
        const u64 left = along(queries + half * (TILE / 2) * 128);
        const float scale2 = scale * 1.44269504f;
        int keyAt = 0, valueAt = 0;
        u32 queryParity = 0;
        if (half == 1) give_turn(2);
        for (int number = blockIdx.x; number < tiles; number += gridDim.x) {
            const Tile tile = tile_of(items[number / heads], window);
            const int head = number % heads;
            const int first = tile.query + half * (TILE / 2);
            float s[64];
            float o[VALUES / 2];
            u32 p[32];
            float factor[2];
            Softmax state = {{NEGATIVE_INFINITY, NEGATIVE_INFINITY}, {0, 0}};
#pragma unroll
            for (int i = 0; i < VALUES / 2; i++) o[i] = 0;

            barrier_wait(queryFull, queryParity);
            queryParity ^= 1;
            {
                const int stage = keyAt % STAGES;
                barrier_wait(keyFull + 8 * stage, keyAt / STAGES & 1);
                keyAt++;
                const u64 right = along(keys + stage * QK_BYTES);
                settle(s);
                take_turn(warpgroup);
                products_begin();
                score(s, left, right);
                products_commit();
                give_turn(warpgroup);
                products_wait<0>();
                settle(s);
                if (speaks) barrier_arrive(keyEmpty + 8 * stage);
            }
            weigh(s, state, factor, scale2, first, tile.highest * TILE, window);
            round_to(p, s);

            for (int block = tile.highest - 1; block >= tile.lowest; block--) {
                const int stage = keyAt % STAGES;
                const int valueStage = valueAt % STAGES;
                barrier_wait(keyFull + 8 * stage, keyAt / STAGES & 1);
                keyAt++;
                const u64 right = along(keys + stage * QK_BYTES);
                const u64 under = down(values + valueStage * V_BYTES);
                settle(s);
                settle(o);
                take_turn(warpgroup);
                products_begin();
                score(s, left, right);
                products_commit();
                barrier_wait(valueFull + 8 * valueStage, valueAt / STAGES & 1);
                valueAt++;
#pragma unroll
                for (int i = 0; i < TILE / 16; i++) multiply_own(o, p + 4 * i, under + i * (2048 >> 4));
                products_commit();
                give_turn(warpgroup);
                products_wait<1>();
                settle(s);
                if (speaks) barrier_arrive(keyEmpty + 8 * stage);
                weigh(s, state, factor, scale2, first, block * TILE, window);
                products_wait<0>();
                settle(o);
                settle(s); // p may change only now
                if (speaks) barrier_arrive(valueEmpty + 8 * valueStage);
#pragma unroll
                for (int i = 0; i < VALUES / 2; i++) o[i] *= factor[i % 4 / 2];
                round_to(p, s);
            }
            if (speaks) barrier_arrive(queryEmpty);
            {
                const int stage = valueAt % STAGES;
                barrier_wait(valueFull + 8 * stage, valueAt / STAGES & 1);
                valueAt++;
                const u64 under = down(values + stage * V_BYTES);
                settle(o);
                products_begin();
#pragma unroll
                for (int i = 0; i < TILE / 16; i++) multiply_own(o, p + 4 * i, under + i * (2048 >> 4));
                products_commit();
                products_wait<0>();
                settle(o);
                if (speaks) barrier_arrive(valueEmpty + 8 * stage);
            }
            const int row = first + threadIdx.x % 128 / 32 * 16 + lane / 4;
#pragma unroll
            for (int r = 0; r < 2; r++) {
                float sum = quad_sum(state.sum[r]);
                if (sinks) sum += exp2_of(sinks[head] * 1.44269504f - state.most[r] * scale2);
                const float inverse = 1.0f / sum;
                u16* to = out + (u64)(tile.start + row + 8 * r) * outStride + (u64)head * VALUES + lane % 4 * 8;
#pragma unroll
                for (int j = 0; j < VALUES / 8; j += 4) {
                    u32 pairs[4];
#pragma unroll
                    for (int i = 0; i < 4; i++)
                        pairs[i] = pack(o[4 * (j + i) + 2 * r] * inverse, o[4 * (j + i) + 2 * r + 1] * inverse);
                    const uint4 line = transpose(pairs[0], pairs[1], pairs[2], pairs[3]);
                    if (row + 8 * r < tile.length) *(uint4*)(to + j * 8) = line;
                }
            }
        }
    }
}
