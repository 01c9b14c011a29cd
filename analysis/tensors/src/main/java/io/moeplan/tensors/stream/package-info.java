/**
 * Reads the layers of a checkpoint into memory of its own, the next one while the last one is in use, so that a checkpoint
 * of any size needs no more memory than two layers, or two parts of them.
 *
 * <p>
 * Why not use the mapped file as it is: a fault brings in far less at a time than a read of megabytes, happens while the
 * arithmetic waits, and what stays resident is the system's choice. One pass over 3.4 GB on a virtual disk (Linux, ext4, 2
 * cores; {@code DiskBenchmark}), in GB/s; cold: the file dropped from the page cache before; busy: median of four passes
 * while other programs kept both cores busy; the other columns are single passes.
 *
 * <pre>
 *                               cold    cold, busy    in the page cache
 * mapped, every page touched    0.63       0.23             36
 * reads of 8 MiB                0.94       0.49              5.7
 * reads of 32 MiB               0.99       0.52              5.5
 * O_DIRECT, 8 MiB               1.04       0.81              -
 * O_DIRECT, 32 MiB              1.32       1.00              1.0
 * </pre>
 *
 * O_DIRECT saves a copy, which shows when the cores are busy, but never profits from the page cache, wants aligned reads,
 * and not every file system has it: these are plain reads.
 */
package io.moeplan.tensors.stream;
