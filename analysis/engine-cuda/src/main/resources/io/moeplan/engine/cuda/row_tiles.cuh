// Tiles of TILE_M rows sorted by expert; ROW_GROUP row tiles of an expert are taken together.

struct Tile {
    int expert;
    int row;    // first row
    int end;    // the expert's last row + 1
    int column; // first weight row
};

// starts[e] is the number of row tiles before expert e.
__device__ __forceinline__ Tile tile_of(int number, int columnTiles, int experts, const int* starts,
                                        const int* offsets, int tileColumns) {
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
    tile.row = offsets[low] + (group * ROW_GROUP + rest % rowTiles) * TILE_M;
    tile.end = offsets[low + 1];
    tile.column = rest / rowTiles * tileColumns;
    return tile;
}
