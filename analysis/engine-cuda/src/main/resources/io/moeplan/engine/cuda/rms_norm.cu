// out[row] = x[row] / sqrt(mean of x[row]^2 + epsilon) * weight, one block a row, each row read once.
//
// WIDTH: columns, a multiple of 8. THREADS: of a block; each takes 8 columns at a time. BF16: whether x is bf16, not float32.

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define CHUNKS ((WIDTH + THREADS * 8 - 1) / (THREADS * 8))

__device__ __forceinline__ u32 pack(float low, float high) {
    u32 packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
    return packed;
}

#if BF16
typedef u16 Input;

__device__ __forceinline__ void read(const u16* from, float (&to)[8]) {
    const uint4 v = *(const uint4*)from;
    const u32 pairs[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        to[2 * i] = __uint_as_float(pairs[i] << 16);
        to[2 * i + 1] = __uint_as_float(pairs[i] & 0xffff0000u);
    }
}
#else
typedef float Input;

__device__ __forceinline__ void read(const float* from, float (&to)[8]) {
    const float4 a = ((const float4*)from)[0];
    const float4 b = ((const float4*)from)[1];
    to[0] = a.x, to[1] = a.y, to[2] = a.z, to[3] = a.w;
    to[4] = b.x, to[5] = b.y, to[6] = b.z, to[7] = b.w;
}
#endif

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

// x: rows stride elements apart, a multiple of 8. out: [rows][WIDTH].
extern "C" __global__ void __launch_bounds__(THREADS)
rms_norm(const Input* __restrict__ x, u64 stride, const float* __restrict__ weight, u16* __restrict__ out,
         float epsilon) {
    const u64 row = blockIdx.x;
    float v[CHUNKS][8];
    float squares = 0;
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        int column = (c * THREADS + threadIdx.x) * 8;
        if (column < WIDTH) read(x + row * stride + column, v[c]);
    }
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        if ((c * THREADS + threadIdx.x) * 8 >= WIDTH) continue;
#pragma unroll
        for (int i = 0; i < 8; i++) squares += v[c][i] * v[c][i];
    }
    const float factor = rsqrtf(block_sum(squares) / WIDTH + epsilon);
#pragma unroll
    for (int c = 0; c < CHUNKS; c++) {
        int column = (c * THREADS + threadIdx.x) * 8;
        if (column >= WIDTH) continue;
        const float4 p = ((const float4*)(weight + column))[0];
        const float4 q = ((const float4*)(weight + column))[1];
        uint4 packed;
        packed.x = pack(v[c][0] * factor * p.x, v[c][1] * factor * p.y);
        packed.y = pack(v[c][2] * factor * p.z, v[c][3] * factor * p.w);
        packed.z = pack(v[c][4] * factor * q.x, v[c][5] * factor * q.y);
        packed.w = pack(v[c][6] * factor * q.z, v[c][7] * factor * q.w);
        *(uint4*)(out + row * WIDTH + column) = packed;
    }
}
