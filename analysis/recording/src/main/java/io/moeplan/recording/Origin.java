package io.moeplan.recording;

import java.util.Set;

/** How a recording was made. */
public sealed interface Origin {
    /**
     * The model ran.
     *
     * @param engine    what ran it, e.g. {@code moeplan}
     * @param device    e.g. {@code cpu} or {@code cuda:0}
     * @param precision e.g. {@code bf16}
     */
    record Engine(String engine, String device, String precision) implements Origin {
        public Engine {
            Checks.text("engine", engine);
            Checks.text("device", device);
            Checks.text("precision", precision);
        }
    }

    /**
     * Another engine's dump was read.
     *
     * @param importer the importer's name, e.g. {@code sglang}
     * @param absent   what the dump does not tell
     */
    record Import(String importer, Set<Absent> absent) implements Origin {
        public Import {
            Checks.text("importer", importer);
            absent = Set.copyOf(absent);
        }

        /** A dump that tells everything. */
        public Import(String importer) {
            this(importer, Set.of());
        }
    }
}
