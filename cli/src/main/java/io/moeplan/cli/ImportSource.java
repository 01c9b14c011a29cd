package io.moeplan.cli;

import io.moeplan.eplb.dispatch.Engine;
import io.moeplan.recording.imports.SourceFormat;
import io.moeplan.recording.maps.EngineMap;
import io.moeplan.recording.maps.EngineMaps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * What {@code --from} names: loads, an engine's map, or either.
 *
 * @param loads empty where the name is that of an engine of which only maps are read
 * @param maps  empty where it is a format of loads
 */
record ImportSource(Optional<SourceFormat> loads, Optional<Engine> maps) {
    /** Nobody named it. */
    static final ImportSource ANY = new ImportSource(Optional.empty(), Optional.empty());

    /** Reads the name. */
    static final class Reader implements ITypeConverter<ImportSource> {
        @Override
        public ImportSource convert(String value) {
            Optional<SourceFormat> loads = SourceFormat.ofLabel(value);
            Optional<Engine> maps = Arrays.stream(Engine.values()).filter(engine -> engine.label().equals(value))
                    .findAny();
            if (loads.isEmpty() && maps.isEmpty()) {
                throw new TypeConversionException("'" + value + "' is none of " + Stream.concat(
                        Arrays.stream(SourceFormat.values()).map(SourceFormat::label),
                        Arrays.stream(Engine.values()).map(Engine::label)).distinct()
                        .collect(Collectors.joining(", ")));
            }
            return new ImportSource(loads, maps);
        }
    }

    /** The map that a file holds, empty if it holds loads. */
    Optional<EngineMap> map(Path file) throws IOException {
        boolean onlyLoads = loads.isPresent() && maps.isEmpty();
        if (onlyLoads || !Files.isRegularFile(file)) {
            return Optional.empty();
        }
        if (maps.isEmpty()) {
            return EngineMaps.find(file);
        }
        return loads.isEmpty()
                ? Optional.of(EngineMaps.read(maps.get(), file))
                : EngineMaps.find(maps.get(), file);
    }
}
