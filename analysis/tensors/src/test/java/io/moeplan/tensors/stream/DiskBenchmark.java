package io.moeplan.tensors.stream;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * Run by hand: one sequential pass over a file. Arguments: file, {@code mapped | buffered | direct}, MiB a read. For a cold
 * pass drop the file from the page cache first ({@code posix_fadvise(POSIX_FADV_DONTNEED)}).
 */
final class DiskBenchmark {
    private static final int PAGE = 4096;

    private DiskBenchmark() {}

    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        Path file = Path.of(arguments[0]);
        int chunk = Integer.parseInt(arguments[2]) << 20;
        long start = System.nanoTime();
        long sum = switch (arguments[1]) {
            case "mapped" -> mapped(file);
            case "buffered" -> read(file, chunk, Set.of(StandardOpenOption.READ));
            case "direct" -> read(file, chunk, Set.of(StandardOpenOption.READ, direct()));
            default -> throw new IllegalArgumentException(arguments[1]);
        };
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("%-8s %3s MiB %6.2f s %6.2f GB/s (%d)%n", arguments[1], arguments[2], seconds,
                Files.size(file) / 1e9 / seconds, sum);
    }

    /** By reflection, because the compiler warns of the type. */
    private static OpenOption direct() throws ReflectiveOperationException {
        return (OpenOption) Class.forName("com.sun.nio.file.ExtendedOpenOption").getField("DIRECT").get(null);
    }

    private static long mapped(Path file) throws IOException {
        try (Arena arena = Arena.ofConfined(); FileChannel channel = FileChannel.open(file)) {
            MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return touch(all);
        }
    }

    private static long read(Path file, int chunk, Set<OpenOption> options) throws IOException {
        try (Arena arena = Arena.ofConfined(); FileChannel channel = FileChannel.open(file, options)) {
            MemorySegment segment = arena.allocate(chunk, PAGE);
            ByteBuffer buffer = segment.asByteBuffer();
            long sum = 0;
            long at = 0;
            while (at < channel.size()) {
                int some = channel.read(buffer.clear(), at);
                sum += touch(segment.asSlice(0, some));
                at += some;
            }
            return sum;
        }
    }

    private static long touch(MemorySegment bytes) {
        long sum = 0;
        for (long i = 0; i < bytes.byteSize(); i += PAGE) {
            sum += bytes.get(ValueLayout.JAVA_BYTE, i);
        }
        return sum;
    }
}
