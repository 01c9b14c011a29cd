package io.moeplan.engine.cuda.driver;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Finds CUDA's shared libraries, in this order: folders named by {@value #SETTING} (environment), {@code CUDA_HOME} and
 * {@code CUDA_PATH}, the {@code nvidia} wheels of a Python environment, the system's own search path.
 *
 * @param environment environment variables
 */
record LibraryFinder(Map<String, String> environment) {
    static final String SETTING = "MOEPLAN_CUDA_LIBRARIES";
    /** Newest first; their interfaces, as far as they are used here, are the same. */
    private static final List<Integer> MAJORS = List.of(13, 12);

    static LibraryFinder ofProcess() {
        return new LibraryFinder(System.getenv());
    }

    /**
     * Loads a library, for as long as the process lives.
     *
     * @param name such as {@code nvrtc}
     * @throws Unavailable if none is found; the message says where it was looked for
     */
    @SuppressWarnings("restricted") // loading native code is what this class is for
    SymbolLookup load(String name) throws Unavailable {
        for (Path folder : folders()) {
            for (String file : fileNames(name)) {
                Path library = folder.resolve(file);
                if (Files.isRegularFile(library)) {
                    try {
                        // NVRTC opens this one by its name alone, which finds it only if it is loaded already.
                        children(folder, "lib" + name + "-builtins.so.*")
                                .forEach(part -> SymbolLookup.libraryLookup(part, Arena.global()));
                        return SymbolLookup.libraryLookup(library, Arena.global());
                    } catch (IllegalArgumentException e) {
                        throw new Unavailable(library + " cannot be loaded");
                    }
                }
            }
        }
        for (String file : fileNames(name)) {
            Optional<SymbolLookup> library = ofSystem(file);
            if (library.isPresent()) {
                return library.get();
            }
        }
        throw new Unavailable("lib" + name + " is not there",
                "looked for " + String.join(", ", fileNames(name)) + " in " + SETTING
                        + ", CUDA_HOME, CUDA_PATH, the nvidia wheels of VIRTUAL_ENV and CONDA_PREFIX, and the "
                        + "system's library path");
    }

    @SuppressWarnings("restricted") // as above
    private static Optional<SymbolLookup> ofSystem(String file) {
        try {
            return Optional.of(SymbolLookup.libraryLookup(file, Arena.global()));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static List<String> fileNames(String name) {
        if (name.equals("cuda")) {
            return List.of("libcuda.so.1");
        }
        List<String> names = new ArrayList<>();
        MAJORS.forEach(major -> names.add("lib" + name + ".so." + major));
        names.add("lib" + name + ".so");
        return names;
    }

    /** The folders to look in, before the system's own. */
    List<Path> folders() {
        List<Path> folders = new ArrayList<>();
        Pattern.compile(File.pathSeparator, Pattern.LITERAL)
                .splitAsStream(environment.getOrDefault(SETTING, "")).filter(folder -> !folder.isBlank())
                .map(Path::of).forEach(folders::add);
        for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
            String home = environment.get(variable);
            if (home != null && !home.isBlank()) {
                folders.add(Path.of(home, "lib64"));
                folders.add(Path.of(home, "lib"));
            }
        }
        for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
            String home = environment.get(variable);
            if (home != null && !home.isBlank()) {
                wheels(Path.of(home, "lib"), folders);
            }
        }
        return folders;
    }

    /** {@code python3.x/site-packages/nvidia/PART/lib} below a folder. */
    private static void wheels(Path lib, List<Path> into) {
        for (Path python : children(lib, "python3*")) {
            for (Path part : children(python.resolve("site-packages").resolve("nvidia"), "*")) {
                into.add(part.resolve("lib"));
            }
        }
    }

    private static List<Path> children(Path folder, String glob) {
        List<Path> found = new ArrayList<>();
        if (!Files.isDirectory(folder)) {
            return found;
        }
        try (DirectoryStream<Path> children = Files.newDirectoryStream(folder, glob)) {
            children.forEach(found::add);
        } catch (IOException e) {
            // A folder that cannot be read holds no library for us.
            return found;
        }
        found.sort(null);
        return found;
    }
}
