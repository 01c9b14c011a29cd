// out[row] = x[row] / sqrt(mean of x[row]^2 + epsilon) * weight, one block a row, each row read once.
//
// WIDTH: columns, a multiple of 8. THREADS: of a block; each takes 8 columns at a time.

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define CHUNKS ((WIDTH + THREADS * 8 - 1) / (THREADS * 8))

__device__ __forceinline__ u32 pack(float low, float high) {
    u32 packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
    return packed;
}

// The sum over the block, in every thread.
__device__ __forceinline__ float block_sum(float x) {
    __shared__ float parts[32];
    for (int d = 16; d > 0; d /= 2) x += __shfl_xor_sync(~0u, x, d);
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
    __syncthreads();
    float sum = 0;
#pragma unroll
    for (int w = 0; w < THREADS / 32; w++) sum += parts[w];
    return sum;
}

extern "C" __global__ void __launch_bounds__(THREADS)
rms_norm(const float* __restrict__ x, const float* __restrict__ weight, u16* __restrict__ out, float epsilon) {
    const u64 row = blockIdx.x;
    float4 v[CHUNKS][2];
    float squares = 0;
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        int column = (c * THREADS + threadIdx.x) * 8;
        if (column >= WIDTH) continue;
        const float4* from = (const float4*)(x + row * WIDTH + column);
        for (int h = 0; h < 2; h++) v[c][h] = from[h];
    }
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        if ((c * THREADS + threadIdx.x) * 8 >= WIDTH) continue;
        for (int h = 0; h < 2; h++) {
            float4 a = v[c][h];
            squares += a.x * a.x + a.y * a.y + a.z * a.z + a.w * a.w;
        }
    }
    const float factor = rsqrtf(block_sum(squares) / WIDTH + epsilon);
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        int column = (c * THREADS + threadIdx.x) * 8;
        if (column >= WIDTH) continue;
        const float4* g = (const float4*)(weight + column);
        float4 a = v[c][0], b = v[c][1], p = g[0], q = g[1];
        uint4 packed;
        packed.x = pack(a.x * factor * p.x, a.y * factor * p.y);
        packed.y = pack(a.z * factor * p.z, a.w * factor * p.w);
        packed.z = pack(b.x * factor * q.x, b.y * factor * q.y);
        packed.w = pack(b.z * factor * q.z, b.w * factor * q.w);
        *(uint4*)(out + row * WIDTH + column) = packed;
    }
}
