// Tiles of a persistent kernel that are handed out in order, each to the block that is free next, so that those that run at a time
// follow each other and find each other's rows and weights in the cache even where tiles take different times.

// Of the launch that runs: a module's kernels run one after the other.
__device__ u32 drawn;
__device__ u32 finished;

// Numbers of tiles from the thread that draws them to all others of the block, two at a time. In shared memory.
struct Tickets {
    int numbers[2];
    u64 full[2];
    u64 empty[2];
};

// For one thread; readers: threads that take every ticket.
__device__ __forceinline__ void tickets_init(Tickets& tickets, u32 readers) {
    for (int i = 0; i < 2; i++) {
        barrier_init(shared_address(&tickets.full[i]), 1);
        barrier_init(shared_address(&tickets.empty[i]), readers);
    }
}

// The number of a tile that no block has yet; all blocks have one from the start.
__device__ __forceinline__ int draw() { return gridDim.x + atomicAdd(&drawn, 1); }

// Tells the other threads the turn-th tile; turns count from 0.
__device__ __forceinline__ void offer(Tickets& tickets, u32 turn, int number) {
    barrier_wait(shared_address(&tickets.empty[turn % 2]), (turn / 2 + 1) % 2);
    tickets.numbers[turn % 2] = number;
    barrier_arrive(shared_address(&tickets.full[turn % 2]));
}

// Goes to the next tile; false if there is none.
__device__ __forceinline__ bool take(Tickets& tickets, u32& turn, Walk& at) {
    barrier_wait(shared_address(&tickets.full[turn % 2]), turn / 2 % 2);
    at.number = tickets.numbers[turn % 2];
    barrier_arrive(shared_address(&tickets.empty[turn % 2]));
    turn++;
    return at.more();
}

// For the thread that draws, when it is through: the last block leaves the counters as they were before the launch.
__device__ __forceinline__ void end_drawing() {
    if (atomicInc(&finished, gridDim.x - 1) == gridDim.x - 1) atomicExch(&drawn, 0);
}
