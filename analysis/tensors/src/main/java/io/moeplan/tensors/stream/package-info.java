/**
 * Reads the layers of a checkpoint into memory of its own, the next one while the last one is in use, so that a checkpoint
 * of any size needs no more memory than two layers.
 *
 * <p>
 * Why not use the mapped file as it is: a fault brings in far less at a time than a read of megabytes, happens while the
 * arithmetic waits, and what stays resident is the system's choice. One pass over 3.4 GB on a virtual disk (Linux 6, ext4,
 * 2 cores; {@code DiskBenchmark}), GB/s:
 *
 * <pre>
 *                               not in the page cache   in the page cache
 * mapped, every page touched            0.63                  36
 * reads of 8 MiB                        0.94                  5.7
 * reads of 32 MiB                       0.99                  5.5
 * O_DIRECT, 8 MiB                       1.04                   -
 * O_DIRECT, 32 MiB                      1.32                  1.0
 * </pre>
 *
 * Plain reads are close to O_DIRECT on files that have to come from the disk, and six times as fast on files that have not.
 */
package io.moeplan.tensors.stream;
