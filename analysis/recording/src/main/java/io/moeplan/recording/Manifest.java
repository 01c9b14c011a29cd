package io.moeplan.recording;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What {@code manifest.json} of a recording says.
 *
 * <p>The schema metadata of every Arrow file repeats it as far as it is known when the recording begins: everything
 * but {@code tokens}, {@code requests}, {@code timing} and {@code complete}, which only {@code manifest.json} holds.
 *
 * @param toolVersion     version of the moeplan that wrote it
 * @param numHiddenLayers decoder layers of the model, dense ones included
 * @param layerIds        the model's own number of each MoE layer, ascending, {@code [layers]}
 * @param numExperts      logical experts per MoE layer
 * @param topK            experts per token and layer
 * @param numGroups       expert groups (1 if the router has none)
 * @param passTokens      tokens per forward pass
 * @param workloadDigest  digest of the workload, null if there was none (imports)
 * @param tokens          tokens recorded
 * @param requests        requests recorded
 * @param timing          null if not known
 * @param complete        false while it is being written, and for ever if writing ended early
 */
public record Manifest(String toolVersion, Model model, int numHiddenLayers, List<Integer> layerIds, int numExperts,
        int topK, int numGroups, Mode mode, int passTokens, String workloadDigest, Origin origin, long tokens,
        long requests, Timing timing, boolean complete) {
    /** The manifest's name in a recording directory. */
    public static final String FILE_NAME = "manifest.json";

    static final String FORMAT = "moeplan-recording";
    static final int VERSION = 1;

    private static final int MOST_LAYERS = 1 << 15;
    private static final int MOST_EXPERTS = 1 << 16;
    /** Keeps one row of an Arrow file, and one step, at most some hundred megabytes whatever a manifest claims. */
    private static final long MOST_COUNTS = 1 << 26;

    /**
     * The model recorded.
     *
     * @param name          the checkpoint's directory name
     * @param modelType     the {@code model_type} of its config
     * @param configDigest  digest of its {@code config.json}, null if it was not at hand (imports)
     * @param weightsDigest what tells its weights from others, null if they were not at hand
     */
    public record Model(String name, String modelType, String configDigest, String weightsDigest) {
        /** Nothing but the name is known. */
        public static Model named(String name) {
            return new Model(name, "unknown", null, null);
        }

        public Model {
            Checks.text("model.name", name);
            Checks.text("model.model_type", modelType);
        }
    }

    /** @throws IllegalArgumentException if a value cannot be, naming it */
    public Manifest {
        Checks.text("tool_version", toolVersion);
        layerIds = List.copyOf(layerIds);
        Checks.range("num_hidden_layers", numHiddenLayers, 1, MOST_LAYERS);
        Checks.range("the number of layer_ids", layerIds.size(), 1, MOST_LAYERS);
        int previous = -1;
        for (int id : layerIds) {
            Checks.range("a layer of layer_ids, which ascend,", id, previous + 1L, MOST_LAYERS - 1);
            previous = id;
        }
        Checks.range("num_experts", numExperts, 1, MOST_EXPERTS);
        Checks.range("top_k", topK, 1, numExperts);
        Checks.range("num_groups", numGroups, 1, numExperts);
        Checks.range("layers x num_experts", (long) layerIds.size() * numExperts, 1, MOST_COUNTS);
        Checks.range("pass_tokens", passTokens, 1, Integer.MAX_VALUE);
        Checks.range("tokens", tokens, 0, Long.MAX_VALUE);
        Checks.range("requests", requests, 0, Integer.MAX_VALUE);
        if (model == null || mode == null || origin == null) {
            throw new IllegalArgumentException("model, mode or made_by is missing");
        }
    }

    /** Number of MoE layers. */
    public int layers() {
        return layerIds.size();
    }

    /** What is known from the beginning, as text by the names in the file: what the Arrow files' schemas repeat. */
    public Map<String, String> metadata() {
        return ManifestJson.schemaMetadata(this);
    }

    /** The same with what is known at the end. */
    public Manifest withTiming(Timing newTiming) {
        return new Manifest(toolVersion, model, numHiddenLayers, layerIds, numExperts, topK, numGroups, mode,
                passTokens, workloadDigest, origin, tokens, requests, newTiming, complete);
    }

    Manifest withState(long newTokens, long newRequests, boolean newComplete) {
        return new Manifest(toolVersion, model, numHiddenLayers, layerIds, numExperts, topK, numGroups, mode,
                passTokens, workloadDigest, origin, newTokens, newRequests, timing, newComplete);
    }

    /** The facts that hold from the first byte to the last. */
    Manifest stable() {
        return withTiming(null).withState(0, 0, false);
    }

    /**
     * Reads the manifest of a recording directory.
     *
     * @throws IOException if there is none, or it is damaged or of a later version
     */
    public static Manifest read(Path dir) throws IOException {
        return ManifestJson.read(dir.resolve(FILE_NAME));
    }

    /** Writes the manifest of a recording directory, whole or not at all. */
    void write(Path dir) throws IOException {
        ManifestJson.write(this, dir.resolve(FILE_NAME));
    }
}
