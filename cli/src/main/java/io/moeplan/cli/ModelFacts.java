package io.moeplan.cli;

import io.moeplan.engine.model.Architecture;
import io.moeplan.engine.model.Architectures;
import io.moeplan.engine.model.ConfigReader;
import io.moeplan.engine.model.ModelException;
import io.moeplan.engine.model.Router;
import io.moeplan.eplb.LayerPlan;
import io.moeplan.eplb.Plan;
import io.moeplan.recording.maps.MapTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a config.json says of a model's layers and experts.
 *
 * @param decoderLayers dense ones included
 * @param moeLayers     numbers of the layers that route, ascending; empty where the family is not one that moeplan knows
 * @param topK          experts per token, 0 if unknown
 */
record ModelFacts(Path file, String type, int decoderLayers, Optional<int[]> moeLayers, int experts, int topK) {
    private static final int MOST = 1 << 15;
    private static final int SHOWN = 6;

    /** @param path config.json, or the folder that it lies in */
    static ModelFacts read(Path path) throws IOException {
        ConfigReader config = ConfigReader.open(Files.isDirectory(path) ? path.resolve("config.json") : path);
        try {
            Architecture architecture = Architectures.read(config);
            int[] moe = architecture.moeLayers();
            Router router = architecture.sparse(moe[0]).router();
            return new ModelFacts(config.file(), architecture.modelType(), architecture.layers().size(),
                    Optional.of(moe), router.experts(), router.topK());
        } catch (ModelException e) {
            return ofUnknown(config, e);
        }
    }

    /** Of a family that moeplan cannot run, the two numbers whose names most share. */
    private static ModelFacts ofUnknown(ConfigReader config, ModelException why) throws IOException {
        ConfigReader text = config.has("text_config") ? config.section("text_config") : config;
        int layers = text.sizeOr(0, MOST, "num_hidden_layers", "num_layers", "n_layer");
        int experts = text.sizeOr(0, 1 << 16, "n_routed_experts", "num_experts", "num_local_experts",
                "moe_num_experts");
        if (layers == 0 || experts == 0) {
            throw why;
        }
        return new ModelFacts(config.file(), text.textOr("unknown", "model_type"), layers, Optional.empty(), experts,
                0);
    }

    /**
     * Holds a plan against the model.
     *
     * @throws IOException if they do not fit; one line says where
     */
    void require(Path plan, Plan of) throws IOException {
        List<String> faults = new ArrayList<>();
        if (of.model().experts() != experts) {
            faults.add("it has " + of.model().experts() + " experts per layer, the model " + experts);
        }
        if (topK > 0 && of.model().topK() > 1 && of.model().topK() != topK) {
            faults.add("its tokens go to " + of.model().topK() + " experts, the model's to " + topK);
        }
        int[] planned = of.layers().stream().mapToInt(LayerPlan::layer).toArray();
        if (moeLayers.isPresent() && !Arrays.equals(planned, moeLayers.get())) {
            faults.add("its MoE layers are " + some(planned) + ", the model's " + some(moeLayers.get()));
        } else if (planned[planned.length - 1] >= decoderLayers) {
            faults.add("it has MoE layer " + planned[planned.length - 1] + ", the model " + decoderLayers
                    + " layers, numbered from 0");
        }
        if (!faults.isEmpty()) {
            throw new IOException(plan + ": does not fit " + file + ": " + String.join("; ", faults));
        }
    }

    /** What an engine's map is read for; a model of an unknown family has no MoE layers to go by. */
    MapTarget target() {
        Plan.Model model = new Plan.Model(type, type, experts, topK, 1);
        return moeLayers.map(numbers -> MapTarget.of(model, numbers)).orElse(MapTarget.ANY);
    }

    /** What was compared, in a line. */
    String compared() {
        return file + ": " + type + ", " + decoderLayers + " decoder layers, "
                + moeLayers.map(numbers -> numbers.length + " of them MoE, ").orElse("") + experts
                + " experts each: fits" + (moeLayers.isPresent()
                        ? ""
                        : "; moeplan does not know this family, so which layers are MoE was not compared");
    }

    private static String some(int[] numbers) {
        String first = Arrays.stream(numbers).limit(SHOWN).mapToObj(Integer::toString)
                .collect(Collectors.joining(", "));
        return numbers.length <= SHOWN
                ? first
                : first + ", ... " + numbers[numbers.length - 1] + " (" + numbers.length
                        + ")";
    }
}
