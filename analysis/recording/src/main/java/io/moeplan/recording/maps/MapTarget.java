package io.moeplan.recording.maps;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Plan;
import io.moeplan.recording.Absent;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Origin;
import java.util.Optional;

/**
 * What an engine's map is read for: it decides which rows of the map are wanted and what they are called.
 *
 * @param name        in messages
 * @param model       empty to go by the map
 * @param layers      the model's number of each MoE layer, ascending; empty to go by the map
 * @param numbersTold whether these are the model's own numbers, rather than counted from 0 for want of them
 * @param trace       loads that the map's figures are worked out from; without it they say that all is even
 * @param digest      of the recording that the plan is to name as the one it was made on, null if it is to name none
 */
public record MapTarget(String name, Optional<Plan.Model> model, Optional<int[]> layers, boolean numbersTold,
        Optional<LoadTrace> trace, String digest) {
    /** Nothing but the map itself. */
    public static final MapTarget ANY = new MapTarget("it", Optional.empty(), Optional.empty(), true,
            Optional.empty(), null);

    /** A recording of that model. */
    public static MapTarget of(Manifest manifest) {
        boolean told = !(manifest.origin() instanceof Origin.Import imported)
                || !imported.absent().contains(Absent.LAYER_NUMBERS);
        return new MapTarget("the recording",
                Optional.of(new Plan.Model(manifest.model().name(), manifest.model().modelType(),
                        manifest.numExperts(), manifest.topK(), manifest.numGroups())),
                Optional.of(manifest.layerIds().stream().mapToInt(id -> id).toArray()), told, Optional.empty(), null);
    }

    /** A model of which only the shape is known. */
    public static MapTarget of(Plan.Model model, int[] moeLayers) {
        return new MapTarget("the model", Optional.of(model), Optional.of(moeLayers), true, Optional.empty(), null);
    }

    /** The same, with loads to work figures out from. */
    public MapTarget with(LoadTrace loads) {
        return with(loads, null);
    }

    /** The same, with the loads of a recording that the plan is to name. */
    public MapTarget with(LoadTrace loads, String recording) {
        return new MapTarget(name, model, layers, numbersTold, Optional.of(loads), recording);
    }

    long[] totals(int layer, int experts) {
        return trace.map(loads -> loads.totals(layer)).orElseGet(() -> new long[experts]);
    }

    Plan.Recording recording() {
        return trace.filter(loads -> digest != null)
                .map(loads -> new Plan.Recording(digest, loads.steps().size(), loads.tokens()))
                .orElse(new Plan.Recording(null, 0, 0));
    }
}
