package io.moeplan.engine.cuda.driver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Compiled kernels by source, options and compiler version: in memory, and in a folder so that a program that starts again
 * need not compile. The folder is {@value #SETTING} (environment), else {@code moeplan/kernels} in {@code XDG_CACHE_HOME} or
 * {@code ~/.cache}. One that cannot be read or written only costs the compilation.
 */
final class KernelCache {
    static final String SETTING = "MOEPLAN_CUDA_CACHE";

    private static final Map<String, byte[]> MEMORY = new ConcurrentHashMap<>();

    private final Optional<Path> folder;

    KernelCache(Map<String, String> environment) {
        folder = folder(environment);
    }

    private static Optional<Path> folder(Map<String, String> environment) {
        String set = environment.getOrDefault(SETTING, "");
        if (!set.isBlank()) {
            return Optional.of(Path.of(set));
        }
        String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
        String home = environment.getOrDefault("HOME", "");
        if (cache.isBlank() && home.isBlank()) {
            return Optional.empty();
        }
        return Optional.of((cache.isBlank() ? Path.of(home, ".cache") : Path.of(cache)).resolve("moeplan")
                .resolve("kernels"));
    }

    /** Compiles a source where that has not been done before. */
    byte[] get(Compiler compiler, String name, String source, List<String> options) {
        return MEMORY.computeIfAbsent(key(compiler.version(), source, options), key -> {
            Optional<Path> file = folder.map(path -> path.resolve(name + "-" + key + ".cubin"));
            return file.flatMap(KernelCache::read).orElseGet(() -> {
                byte[] binary = compiler.compile(name + ".cu", source, options).binary();
                file.ifPresent(path -> write(path, binary));
                return binary;
            });
        });
    }

    static String key(String version, String source, List<String> options) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((version + "\n" + options + "\n" + source).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Optional<byte[]> read(Path file) {
        try {
            return Files.isRegularFile(file) ? Optional.of(Files.readAllBytes(file)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Whether that worked; if not, the next start compiles again. */
    private static boolean write(Path file, byte[] binary) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Path part = Files.createTempFile(file.toAbsolutePath().getParent(), "new-", ".part");
            Files.write(part, binary);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
