// Weights as a checkpoint stores them to rows of activations' type: plain floats of any stride, fp8 with block scales, mxfp4.
// A block row (blockIdx.y) takes a matrix, in tiles of 32 x 32, read and written along what is contiguous.
#include "common.cuh"

#define F32 0
#define F16 1
#define PLAIN_BF16 2
#define F64 3
#define E4M3 4
#define E5M2 5
#define E8M0 6
#define MXFP4 7

// What an unpacked weight must be smaller than: what float16 rounds to infinity, else infinity itself.
#if NUMBERS == FP16
#define TOO_LARGE 65520.0f
#else
#define TOO_LARGE __int_as_float(0x7f800000)
#endif

// Forms: weights; what rounding them takes away; the stored bytes; the stored scales, as float32.
#define WEIGHTS 0
#define LOW 1
#define BYTES 2
#define SCALES 3

struct Job {
    u64 from;         // bytes from the start of the raw memory to the stored weights
    u64 scales;       // the same for their scales
    u64 to;           // bytes from the start of the unpacked memory
    u64 offset;       // plain: the element [0][0]
    u64 rowStride;    // plain: in elements; else from a row to the next one in stored rows
    u64 columnStride; // plain
    u64 firstRow;     // fp8, mxfp4: the stored row of row 0
    u64 scaleOffset;  // fp8: the first scale
    int rows;
    int columns;
    int format;
    int scaleFormat;
    int blockRows;
    int blockColumns;
    int form;         // what is wanted
    int unused;
};

__device__ __forceinline__ float bf16_value(u16 x) { return __uint_as_float((u32)x << 16); }

__device__ __forceinline__ float half_value(u16 x) {
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
    return y;
}

__device__ __forceinline__ float e4m3(u8 x) {
    int exponent = x >> 3 & 15;
    int mantissa = x & 7;
    float value = exponent == 0 ? mantissa * 0.001953125f : __uint_as_float((u32)(exponent + 120) << 23 | (u32)mantissa << 20);
    if ((x & 127) == 127) value = __int_as_float(0x7fffffff);
    return x & 128 ? -value : value;
}

__device__ __forceinline__ float e8m0(u8 x) {
    return x == 255 ? __int_as_float(0x7fffffff) : x == 0 ? __uint_as_float(0x00400000) : __uint_as_float((u32)x << 23);
}

__device__ float element(const u8* from, u64 index, int format) {
    switch (format) {
    case F32: return ((const float*)from)[index];
    case F16: return half_value(((const u16*)from)[index]);
    case PLAIN_BF16: return bf16_value(((const u16*)from)[index]);
    case F64: return (float)((const double*)from)[index];
    case E4M3: return e4m3(from[index]);
    case E5M2: return half_value((u16)from[index] << 8);
    default: return e8m0(from[index]);
    }
}

__device__ float weight(const Job& job, const u8* raw, int row, int column) {
    const u8* from = raw + job.from;
    if (job.format <= F64) {
        return element(from, job.offset + row * job.rowStride + column * job.columnStride, job.format);
    }
    const u8* scales = raw + job.scales;
    u64 stored = job.firstRow + row * job.rowStride;
    if (job.format == MXFP4) {
        u64 group = stored * (job.columns / 32) + column / 32;
        int code = from[group * 16 + column % 32 / 2] >> column % 2 * 4 & 15;
        int exponent = code >> 1 & 3;
        float value = exponent == 0 ? (code & 1) * 0.5f : (1.0f + (code & 1) * 0.5f) * (1 << (exponent - 1));
        return (code & 8 ? -value : value) * e8m0(scales[group]);
    }
    u64 line = (u64)((job.columns + job.blockColumns - 1) / job.blockColumns);
    float scale = element(scales, job.scaleOffset + stored / job.blockRows * line + column / job.blockColumns,
                          job.scaleFormat);
    return element(from, job.offset + stored * job.columns + column, job.format) * scale;
}

// Bytes or scales of an fp8 matrix, as they are; scales: rows and columns count blocks.
__device__ void copy_stored(const Job& job, const u8* raw, u8* unpacked) {
    u64 count = (u64)job.rows * job.columns;
    u64 step = (u64)gridDim.x * blockDim.x;
    u64 start = blockIdx.x * (u64)blockDim.x + threadIdx.x;
    if (job.form == SCALES) {
        for (u64 i = start; i < count; i += step)
            ((float*)(unpacked + job.to))[i] = element(raw + job.scales, job.scaleOffset + i, job.scaleFormat);
        return;
    }
    const u8* from = raw + job.from + job.offset + job.firstRow * job.columns;
    u8* to = unpacked + job.to;
    if ((count | (u64)from | (u64)to) % 16 == 0) {
        for (u64 i = start; i < count / 16; i += step) ((int4*)to)[i] = ((const int4*)from)[i];
    } else {
        for (u64 i = start; i < count; i += step) to[i] = from[i];
    }
}

// 256 threads. notFinite: set to 1 for each job with a weight that is NaN or infinite, or would be.
extern "C" __global__ void unpack(const Job* jobs, const u8* raw, u8* unpacked, int* notFinite) {
    __shared__ float tile[32][33];
    Job job = jobs[blockIdx.y];
    if (job.form >= BYTES) {
        copy_stored(job, raw, unpacked);
        return;
    }
    act* to = (act*)(unpacked + job.to);
    int across = (job.columns + 31) / 32;
    int tiles = across * ((job.rows + 31) / 32);
    bool down = job.format <= F64 && job.columnStride > job.rowStride;
    int lane = threadIdx.x % 32;
    int line = threadIdx.x / 32;
    bool bad = false;
    for (int number = blockIdx.x; number < tiles; number += gridDim.x) {
        int row = number / across * 32;
        int column = number % across * 32;
        for (int i = line; i < 32; i += 8) {
            int r = down ? lane : i;
            int c = down ? i : lane;
            if (row + r < job.rows && column + c < job.columns) {
                float value = weight(job, raw, row + r, column + c);
                tile[r][c] = job.form == LOW ? value - get(put(value)) : value;
                bad |= !(fabsf(value) < TOO_LARGE);
            }
        }
        __syncthreads();
        for (int i = line; i < 32; i += 8)
            if (row + i < job.rows && column + lane < job.columns)
                to[(u64)(row + i) * job.columns + column + lane] = put(tile[i][lane]);
        __syncthreads();
    }
    if (bad) notFinite[blockIdx.y] = 1;
}
