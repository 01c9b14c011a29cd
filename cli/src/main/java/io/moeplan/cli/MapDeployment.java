package io.moeplan.cli;

import io.moeplan.eplb.Plan;
import io.moeplan.eplb.planfile.PlanFile;
import io.moeplan.recording.Recording;
import io.moeplan.recording.maps.EngineMap;
import io.moeplan.recording.maps.MapTarget;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The deployment that an engine's map is for, where a command takes one in a plan's place. */
final class MapDeployment {
    @Option(names = "--nodes", paramLabel = "N", converter = AtLeastOne.class, defaultValue = "1",
            description = "Nodes that the GPUs of an engine's map are in; plan files say it themselves. Default:"
                    + " ${DEFAULT-VALUE}.")
    private int nodes;

    @Option(names = "--gpus", paramLabel = "G", converter = AtLeastOne.class,
            description = "GPUs over all nodes that an engine's map is for."
                    + " Default: what the file says; vllm-ascend's does.")
    private Integer gpus;

    /** A plan file, or a map for a model. */
    Plan read(PlanArgument argument, MapTarget target) throws IOException {
        requirePositive();
        return argument.read(target, nodes, gpus == null ? 0 : gpus);
    }

    /** A plan file, or a map for a recording, with figures from its loads. */
    Plan read(PlanArgument argument, Recording opened, RecordingArgument recording) throws IOException {
        Optional<EngineMap> map = argument.map();
        return map.isEmpty()
                ? PlanFile.read(argument.file())
                : read(map.get(), MapTarget.of(opened.manifest()).with(recording.trace(opened)));
    }

    Plan read(EngineMap map, MapTarget target) throws IOException {
        requirePositive();
        return map.plan(target, nodes, gpus == null ? 0 : gpus);
    }

    private void requirePositive() {
        if (nodes < 1 || (gpus != null && gpus < 1)) {
            throw new IllegalArgumentException("--nodes and --gpus must be at least 1");
        }
    }
}
