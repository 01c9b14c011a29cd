// The tiles of a grouped product: TILE_M rows of an expert, any number of columns. ROW_GROUP row tiles of an expert are taken
// together, so that its weights are read while they are in the cache.

#define MAX_EXPERTS 1024

struct Tile {
    int expert;
    int row;    // first row
    int end;    // the expert's last row + 1
    int column; // first column
};

// In shared memory.
struct RowTiles {
    int offsets[MAX_EXPERTS + 1]; // first row of each expert
    int starts[MAX_EXPERTS + 1];  // row tiles before each expert
};

// Fills it; for all threads of a block.
__device__ __forceinline__ void count_row_tiles(RowTiles& tiles, const int* offsets, int experts) {
    for (int e = threadIdx.x; e <= experts; e += blockDim.x) tiles.offsets[e] = offsets[e];
    __syncthreads();
    if (threadIdx.x < 32) { // a prefix sum, 32 experts at a time
        int before = 0;
        for (int from = 0; from < experts; from += 32) {
            int e = from + threadIdx.x;
            int own = e < experts ? (tiles.offsets[e + 1] - tiles.offsets[e] + TILE_M - 1) / TILE_M : 0;
            int sum = own;
            for (int d = 1; d < 32; d *= 2) {
                int other = __shfl_up_sync(~0u, sum, d);
                if ((int)threadIdx.x >= d) sum += other;
            }
            if (e < experts) tiles.starts[e] = before + sum - own;
            before += __shfl_sync(~0u, sum, 31);
        }
        if (threadIdx.x == 0) tiles.starts[experts] = before;
    }
    __syncthreads();
}

// The tiles of a block, one after the other.
struct Walk {
    int number;
    int end;
    int columnTiles;
    int experts;

    __device__ __forceinline__ bool more() const { return number < end; }
    __device__ __forceinline__ void next() { number += gridDim.x; }
};

__device__ __forceinline__ Walk walk(const RowTiles& tiles, int experts, int columnTiles) {
    return {(int)blockIdx.x, tiles.starts[experts] * columnTiles, columnTiles, experts};
}

__device__ __forceinline__ Tile tile_of(const Walk& walk, const RowTiles& tiles, int tileColumns) {
    int low = 0;
    int high = walk.experts;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (tiles.starts[middle] * walk.columnTiles <= walk.number) low = middle; else high = middle;
    }
    int local = walk.number - tiles.starts[low] * walk.columnTiles;
    int group = local / (ROW_GROUP * walk.columnTiles);
    int rowTiles = min(ROW_GROUP, tiles.starts[low + 1] - tiles.starts[low] - group * ROW_GROUP);
    int rest = local - group * ROW_GROUP * walk.columnTiles;
    Tile tile;
    tile.expert = low;
    tile.row = tiles.offsets[low] + (group * ROW_GROUP + rest % rowTiles) * TILE_M;
    tile.end = tiles.offsets[low + 1];
    tile.column = rest / rowTiles * tileColumns;
    return tile;
}
