package io.moeplan.engine.gemm;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Unpacks the native libraries that come in a jar, so that the system can load them: once, into a directory below
 * {@code $XDG_CACHE_HOME} or {@code ~/.cache} that only the user can write, or, where that cannot be written, into a
 * temporary one that is removed when the process ends.
 */
final class NativeFiles {
    private static final Set<PosixFilePermission> OURS = PosixFilePermissions.fromString("rwx------");

    private NativeFiles() {}

    /**
     * The directory with the files of these names, unpacked.
     *
     * @param folder the resource folder they are in, ending in a slash
     * @throws IOException if a resource is missing or nothing can be written, saying which
     */
    static Path unpack(String folder, List<String> names) throws IOException {
        Path cached = cache(folder, names);
        try {
            unpack(folder, names, cached);
            return cached;
        } catch (IOException e) {
            Path temporary = Files.createTempDirectory("moeplan-native-");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(temporary)));
            unpack(folder, names, temporary);
            return temporary;
        }
    }

    /** Named after what the jar says of the contents, so that another version goes into another directory. */
    private static Path cache(String folder, List<String> names) throws IOException {
        long identity = 0;
        for (String name : names) {
            identity = identity * 31 + identity(connection(folder + name));
        }
        String home = System.getenv("XDG_CACHE_HOME");
        Path base = home != null && Path.of(home).isAbsolute()
                ? Path.of(home)
                : Path.of(System.getProperty("user.home", ""), ".cache");
        return base.resolve("moeplan").resolve("native-" + String.format(Locale.ROOT, "%016x", identity));
    }

    private static long identity(URLConnection connection) throws IOException {
        return connection instanceof JarURLConnection jar
                ? jar.getJarEntry().getCrc()
                : connection.getContentLengthLong();
    }

    private static URLConnection connection(String resource) throws IOException {
        URL url = NativeFiles.class.getClassLoader().getResource(resource);
        if (url == null) {
            throw new IOException("its library is not on the class path (" + resource + ")");
        }
        return url.openConnection();
    }

    private static void unpack(String folder, List<String> names, Path directory) throws IOException {
        Files.createDirectories(directory.getParent());
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OURS));
        }
        requireOurs(directory);
        for (String name : names) {
            Path file = directory.resolve(name);
            URLConnection connection = connection(folder + name);
            boolean whole = Files.isRegularFile(file) && Files.size(file) == connection.getContentLengthLong();
            if (!whole) {
                unpack(connection, file);
            }
        }
    }

    /** Code that somebody else put there is not loaded. */
    private static void requireOurs(Path directory) throws IOException {
        boolean othersWrite = Files.getPosixFilePermissions(directory).stream()
                .anyMatch(p -> p == PosixFilePermission.GROUP_WRITE || p == PosixFilePermission.OTHERS_WRITE);
        Path probe = Files.createTempFile(directory, "owner", null);
        boolean ours = Files.getOwner(probe).equals(Files.getOwner(directory));
        Files.delete(probe);
        if (!ours || othersWrite) {
            throw new IOException(directory + " can be written by others");
        }
    }

    private static void unpack(URLConnection connection, Path file) throws IOException {
        Path part = Files.createTempFile(file.getParent(), file.getFileName().toString(), ".part");
        try (InputStream bytes = connection.getInputStream()) {
            Files.copy(bytes, part, StandardCopyOption.REPLACE_EXISTING);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static void delete(Path directory) {
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            // the process ends and nobody is left to tell; the system clears its temporary directory
        }
    }
}
