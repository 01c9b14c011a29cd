// Boxes of rows and of weights, brought to shared memory by one thread for a grouped product, STAGES deep.

struct Boxes {
    u64* full;
    u64* empty;
    u32 base; // of the first stage
    int stage;
    u32 parity;
};

// Brings all columns of TILE_M rows and of twice TILE_N / 2 weight rows, the second half of which are so many rows further.
__device__ __forceinline__ void bring_boxes(Boxes& to, const TensorMap& a, const TensorMap& w, int row, int weightRow, int further,
                                            int steps) {
    for (int step = 0; step < steps; step++) {
        const u32 barrier = shared_address(&to.full[to.stage]);
        barrier_wait(shared_address(&to.empty[to.stage]), to.parity);
        barrier_expect(barrier, A_BYTES + B_BYTES);
        const u32 at = to.base + to.stage * (A_BYTES + B_BYTES);
        load_box(at, &a, step * TILE_K, row, barrier);
        load_box(at + A_BYTES, &w, step * TILE_K, weightRow, barrier);
        load_box(at + A_BYTES + B_BYTES / 2, &w, step * TILE_K, weightRow + further, barrier);
        if (++to.stage == STAGES) { to.stage = 0; to.parity ^= 1; }
    }
}
