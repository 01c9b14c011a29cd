package io.moeplan.engine.workload;

import io.moeplan.engine.workload.Draft.Part;
import io.moeplan.engine.workload.Draft.Text;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Plain text files, one document each: a prompt without response, named after its file. */
final class TextFiles implements Drafts {
    private static final long MAX_FILE = 256L << 20;

    private final Iterator<Path> files;

    TextFiles(List<Path> files) {
        this.files = files.iterator();
    }

    /** The files of a directory by name, hidden ones and directories left out. */
    static List<Path> in(Path directory) throws IOException {
        List<Path> files;
        try (Stream<Path> entries = Files.list(directory)) {
            files = entries.filter(file -> Files.isRegularFile(file) && !name(file).startsWith("."))
                    .sorted(Comparator.comparing(TextFiles::name)).toList();
        }
        if (files.isEmpty()) {
            throw new WorkloadException(directory + ": the directory holds no files");
        }
        for (Path file : files) {
            String name = name(file).toLowerCase(Locale.ROOT);
            if (name.endsWith(".json") || name.endsWith(".jsonl")) {
                throw new WorkloadException(file + ": a directory is read as plain text documents; to run this file, "
                        + "name it instead of its directory");
            }
        }
        return files;
    }

    private static String name(Path file) {
        return file.getFileName().toString();
    }

    @Override
    public Draft next() throws IOException {
        if (!files.hasNext()) {
            return null;
        }
        Place place = Place.of(files.next());
        return new Draft(place, place.id(), null, new Text(text(place), true), Part.NOTHING, false);
    }

    private static String text(Place place) throws IOException {
        if (Files.size(place.file()) > MAX_FILE) {
            throw place.error("longer than " + (MAX_FILE >> 20) + " MiB; split it into documents");
        }
        String text;
        try {
            text = Files.readString(place.file());
        } catch (CharacterCodingException e) {
            throw place.error("not valid UTF-8 text", e);
        }
        if (text.indexOf('\0') >= 0) {
            throw place.error("not text");
        }
        return text.startsWith("\uFEFF") ? text.substring(1) : text;
    }

    @Override
    public int skipped() {
        return 0;
    }

    @Override
    public void close() {
        // each file is closed as soon as it is read
    }
}
