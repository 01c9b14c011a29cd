package io.moeplan.engine.generate;

import io.moeplan.engine.model.ConfigReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** The tokens that end a text. */
public final class StopIds {
    private static final String NAME = "eos_token_id";
    private static final int MAX_ID = 1 << 24;

    private StopIds() {}

    /**
     * What {@code generation_config.json} names, or else {@code config.json}; none if neither does.
     *
     * @throws IOException if a file is damaged
     */
    public static Set<Integer> of(Path modelDirectory) throws IOException {
        for (String name : List.of("generation_config.json", "config.json")) {
            Path file = modelDirectory.resolve(name);
            if (Files.exists(file)) {
                Set<Integer> ids = Set.copyOf(ConfigReader.open(file).wholeOrWholes(MAX_ID, NAME));
                if (!ids.isEmpty()) {
                    return ids;
                }
            }
        }
        return Set.of();
    }
}
