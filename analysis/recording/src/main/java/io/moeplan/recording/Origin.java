package io.moeplan.recording;

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
     */
    record Import(String importer) implements Origin {
        public Import {
            Checks.text("importer", importer);
        }
    }
}
