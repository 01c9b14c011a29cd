// The attention of attention.cu with the matrix instructions of Ampere and Ada (and all later GPUs). A block takes 128 queries
// of one head, a warp 16 of them; keys and values pass by 64 at a time, from the diagonal down.
//
// QK: columns of queries and keys, a multiple of 64. VALUES: columns of values, 64 or 128. SHARED_ROPE: the last 64 columns of
// a key are those of a matrix that all heads share.

#include "mma.cuh"
#include "quads.cuh"

#define TILE 128
#define BLOCK 64
// Rows are 16 bytes longer than they need be, so that eight of them lie in different banks.
#define QK_PITCH (QK * 2 + 16)
#define V_PITCH (VALUES * 2 + 16)
#define OWN_KEY (SHARED_ROPE ? QK - 64 : QK)
#define NEGATIVE_INFINITY __int_as_float(0xff800000)

__device__ __forceinline__ void copies_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

template <int LEFT> __device__ __forceinline__ void copies_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory");
}

__device__ __forceinline__ void load4_down(u32 (&to)[4], u32 from) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]) : "r"(from) : "memory");
}

__device__ __forceinline__ void multiply(float* d, const u32* a, u32 b0, u32 b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." PTX_TYPE "." PTX_TYPE ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Copies WIDTH columns of ROWS rows; rows from end on are replaced by the last one: they are masked or not stored.
template <int ROWS, int WIDTH>
__device__ __forceinline__ void bring(u32 to, int pitch, const u16* from, u64 stride, int first, int end) {
    for (int i = threadIdx.x; i < ROWS * WIDTH / 8; i += 256) {
        const int row = i / (WIDTH / 8);
        const int number = i % (WIDTH / 8);
        copy16(to + row * pitch + number * 16, from + (u64)min(first + row, end - 1) * stride + number * 8);
    }
}

// A warp's scores of its 16 queries and BLOCK keys.
__device__ __forceinline__ void score(float (&s)[32], u32 queries, u32 keys) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < 32; i++) s[i] = 0;
#pragma unroll
    for (int k = 0; k < QK / 16; k++) {
        u32 a[4];
        load4(a, queries + lane % 16 * QK_PITCH + k * 32 + lane / 16 * 16);
#pragma unroll
        for (int j = 0; j < BLOCK / 8; j += 2) {
            u32 b[4];
            load4(b, keys + (j * 8 + lane / 16 * 8 + lane % 8) * QK_PITCH + k * 32 + lane / 8 % 2 * 16);
            multiply(s + 4 * j, a, b[0], b[1]);
            multiply(s + 4 * j + 4, a, b[2], b[3]);
        }
    }
}

// Adds weighted values; scores lie in registers as the left side takes them.
__device__ __forceinline__ void mix(float (&o)[VALUES / 2], const float (&s)[32], u32 values) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int k = 0; k < BLOCK / 16; k++) {
        u32 a[4];
#pragma unroll
        for (int i = 0; i < 4; i++) a[i] = pack(s[8 * k + 2 * i], s[8 * k + 2 * i + 1]);
#pragma unroll
        for (int j = 0; j < VALUES / 8; j += 2) {
            u32 b[4];
            load4_down(b, values + (k * 16 + lane % 16) * V_PITCH + j * 16 + lane / 16 * 16);
            multiply(o + 4 * j, a, b[0], b[1]);
            multiply(o + 4 * j + 4, a, b[2], b[3]);
        }
    }
}

// q, k, v: strides from a token to the next in elements; keyStep and valueStep from a head to the next. rope: [tokens][64],
// ropeStride apart. The rest as of attention.cu.
extern "C" __global__ void __launch_bounds__(256)
attention_mma(const u16* __restrict__ q, u64 queryStride, const u16* __restrict__ k, u64 keyStride,
              const u16* __restrict__ v, u64 valueStride, const u16* __restrict__ rope, u64 ropeStride,
              u16* __restrict__ out, u64 outStride, const int4* __restrict__ items, int heads, int group, int keyStep,
              int valueStep, float scale, int window, const float* __restrict__ sinks) {
    extern __shared__ __align__(128) u8 memory[];
    const u32 queries = shared_address(memory);
    const u32 keys = queries + TILE * QK_PITCH;
    const u32 values = keys + BLOCK * QK_PITCH;
    const int4 item = items[blockIdx.x / heads];
    const int head = blockIdx.x % heads;
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const u16* ownKeys = k + (u64)(head / group) * keyStep + (u64)item.x * keyStride;
    const u16* ownValues = v + (u64)(head / group) * valueStep + (u64)item.x * valueStride;
    const u16* ownRope = rope + (u64)item.x * ropeStride;
    bring<TILE, QK>(queries, QK_PITCH, q + (u64)item.x * queryStride + (u64)head * QK, queryStride, item.z, item.y);
    const int highest = (min(item.z + TILE, item.y) - 1) / BLOCK;
    const int lowest = window > 0 ? max(0, item.z - window + 1) / BLOCK : 0;
    const int first = item.z + warp * 16 + lane / 4;
    float o[VALUES / 2];
#pragma unroll
    for (int i = 0; i < VALUES / 2; i++) o[i] = 0;
    float most[2] = {NEGATIVE_INFINITY, NEGATIVE_INFINITY};
    float sum[2] = {0, 0};
    for (int block = highest; block >= lowest; block--) {
        bring<BLOCK, OWN_KEY>(keys, QK_PITCH, ownKeys, keyStride, block * BLOCK, item.y);
        if (SHARED_ROPE) bring<BLOCK, 64>(keys + OWN_KEY * 2, QK_PITCH, ownRope, ropeStride, block * BLOCK, item.y);
        copies_commit();
        bring<BLOCK, VALUES>(values, V_PITCH, ownValues, valueStride, block * BLOCK, item.y);
        copies_commit();
        copies_wait<1>();
        __syncthreads();
        float s[32];
        score(s, queries + warp * 16 * QK_PITCH, keys);
#pragma unroll
        for (int i = 0; i < 32; i++) {
            const int at = block * BLOCK + i / 4 * 8 + lane % 4 * 2 + i % 2;
            const int own = first + i % 4 / 2 * 8;
            s[i] = at > own || (window > 0 && at <= own - window) ? NEGATIVE_INFINITY : s[i] * scale;
        }
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float top = most[r];
#pragma unroll
            for (int j = 0; j < BLOCK / 8; j++) top = fmaxf(top, fmaxf(s[4 * j + 2 * r], s[4 * j + 2 * r + 1]));
            top = quad_max(top);
            // The lower queries of a tile see nothing of its highest keys.
            const float shift = top == NEGATIVE_INFINITY ? 0 : top;
            const float factor = __expf(most[r] - shift);
            most[r] = top;
            sum[r] *= factor;
#pragma unroll
            for (int j = 0; j < BLOCK / 8; j++) {
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    float& x = s[4 * j + 2 * r + i];
                    x = __expf(x - shift);
                    sum[r] += x;
                }
            }
#pragma unroll
            for (int j = 0; j < VALUES / 8; j++) {
                o[4 * j + 2 * r] *= factor;
                o[4 * j + 2 * r + 1] *= factor;
            }
        }
        copies_wait<0>();
        __syncthreads();
        mix(o, s, values);
        __syncthreads();
    }
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float total = quad_sum(sum[r]);
        if (sinks) total += __expf(sinks[head] - most[r]);
        const int row = first + r * 8;
        if (row >= item.y) continue;
        u16* to = out + (u64)(item.x + row) * outStride + (u64)head * VALUES + lane % 4 * 2;
#pragma unroll
        for (int j = 0; j < VALUES / 8; j++)
            *(u32*)(to + j * 8) = pack(o[4 * j + 2 * r] / total, o[4 * j + 2 * r + 1] / total);
    }
}
