package io.moeplan.cli;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.dispatch.Engine;
import io.moeplan.eplb.planfile.PlanFile;
import io.moeplan.recording.maps.EngineMap;
import io.moeplan.recording.maps.EngineMaps;
import io.moeplan.recording.maps.MapTarget;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;

/**
 * A layout named on the command line: a plan file, or an engine's own map.
 *
 * @param engine whose map it is said to be; null for a plan file, or a map whose content says whose it is
 */
record PlanArgument(Engine engine, Path file) {
    /** How it is named, for the help. */
    static final String LABEL = "[ENGINE:]FILE";

    static final String MAPS = "an engine's own map: sglang:FILE, vllm:FILE, tensorrt-llm:FILE, vllm-ascend:FILE or"
            + " deepseek:FILE, or FILE alone where its content tells";

    /** Reads {@code FILE} and {@code ENGINE:FILE}. */
    static final class Reader implements ITypeConverter<PlanArgument> {
        @Override
        public PlanArgument convert(String value) {
            int colon = value.indexOf(':');
            String prefix = colon < 0 ? "" : value.substring(0, colon);
            return Arrays.stream(Engine.values()).filter(engine -> engine.label().equals(prefix)).findAny()
                    .map(engine -> new PlanArgument(engine, Path.of(value.substring(colon + 1))))
                    .orElseGet(() -> new PlanArgument(null, Path.of(value)));
        }
    }

    /**
     * The layout as a plan.
     *
     * @param target what a map is read for
     * @param nodes  nodes that a map's GPUs are in
     * @param gpus   GPUs that a map is for, 0 to go by its file
     * @throws IOException if the file is neither, or does not fit
     */
    Plan read(MapTarget target, int nodes, int gpus) throws IOException {
        Optional<EngineMap> map = map();
        return map.isPresent() ? map.get().plan(target, nodes, gpus) : PlanFile.read(file);
    }

    /** The engine's map, empty if it is a plan file. */
    Optional<EngineMap> map() throws IOException {
        return engine == null ? EngineMaps.find(file) : Optional.of(EngineMaps.read(engine, file));
    }
}
