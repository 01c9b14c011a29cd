package io.moeplan.recording.imports;

import io.moeplan.recording.merge.Merger;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Merges a damaged recording with a sound one. */
final class FuzzedMerge {
    private final List<Fuzz.Seed> sound;

    FuzzedMerge(List<Fuzz.Seed> seeds) {
        this.sound = seeds.stream().filter(seed -> seed.name().contains("/")).toList();
    }

    /** @param damaged the file that {@code bytes} take the place of */
    boolean read(Path folder, Fuzz.Seed damaged, byte[] bytes) throws IOException {
        String kind = damaged.name().substring(0, damaged.name().indexOf('/'));
        Path whole = folder.resolve("whole." + kind);
        Path broken = folder.resolve("broken." + kind);
        write(whole, kind);
        write(broken, kind);
        Path file = broken.resolve(damaged.name().substring(kind.length() + 1));
        Files.write(file, bytes);
        Path out = folder.resolve("merged");
        Merger.By by = kind.equals("steps") && bytes.length % 2 == 0 ? Merger.By.RANK : Merger.By.TIME;
        try {
            Merger.run(List.of(whole, broken), by, "fuzz", out);
            return true;
        } catch (IOException e) {
            Fuzz.requireClear(broken, bytes, e);
            return false;
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw Fuzz.failed(file, bytes, "merged ends in " + e, e);
        } finally {
            Files.write(file, damaged.bytes());
            if (Files.exists(out)) {
                FuzzSeeds.delete(out);
            }
        }
    }

    private void write(Path folder, String kind) throws IOException {
        if (Files.exists(folder)) {
            return;
        }
        Files.createDirectories(folder);
        for (Fuzz.Seed seed : sound) {
            if (seed.name().startsWith(kind + "/")) {
                Files.write(folder.resolve(seed.name().substring(kind.length() + 1)), seed.bytes());
            }
        }
    }
}
