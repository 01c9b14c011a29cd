package io.moeplan.recording;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads {@code steps.arrow} and puts the layers of each step together. */
final class StepInput {
    private final Path file;
    private final Manifest manifest;
    private final int capacity;
    private final HeapBudget budget;
    private final Map<Integer, Integer> indexOfLayer = new HashMap<>();
    private final List<LoadTrace.Step> steps = new ArrayList<>();
    private LoadTrace.Step open;
    private boolean[] seen = new boolean[0];
    private int missing;

    private StepInput(Path file, Manifest manifest) {
        this.file = file;
        this.manifest = manifest;
        this.capacity = Tables.batchRows(Tables.steps(manifest));
        this.budget = new HeapBudget(file, "give moeplan more memory");
        for (int i = 0; i < manifest.layers(); i++) {
            indexOfLayer.put(manifest.layerIds().get(i), i);
        }
    }

    static List<LoadTrace.Step> read(Path file, Manifest manifest) throws IOException {
        StepInput reader = new StepInput(file, manifest);
        try (ArrowFileInput input = ArrowFileInput.open(file)) {
            input.expect(Tables.steps(manifest));
            for (IncomingBatch batch = input.next(); batch != null; batch = input.next()) {
                try (IncomingBatch open = batch) {
                    reader.feed(input, open);
                }
            }
            reader.end(input);
        }
        return reader.steps;
    }

    private void feed(ArrowFileInput input, IncomingBatch batch) throws IOException {
        for (int from = 0; from < batch.rows(); from += capacity) {
            int begin = from;
            int count = Math.min(capacity, batch.rows() - from);
            budget.take((long) Integer.BYTES * manifest.numExperts() * count);
            input.decode(() -> add(batch, begin, count));
        }
    }

    private void add(IncomingBatch batch, int from, int rows) {
        IntBuffer counts = batch.bytes(4, from, rows).asIntBuffer();
        ByteBuffer ids = batch.bytes(0, from, rows);
        ByteBuffer phases = batch.bytes(1, from, rows);
        ByteBuffer layers = batch.bytes(2, from, rows);
        ByteBuffer tokens = batch.bytes(3, from, rows);
        for (int row = 0; row < rows; row++) {
            continueStep(ids.getLong(), Phase.ofCode(phases.get()), tokens.getInt());
            addLayer(layers.getShort(), counts);
        }
    }

    private void continueStep(long id, Phase phase, int tokens) {
        if (missing == 0) {
            begin(id, phase, tokens);
        }
        if (id != open.id() || phase != open.phase() || tokens != open.tokens()) {
            throw new IllegalArgumentException("step " + open.id() + " lacks " + missing + " layers or changes midway");
        }
    }

    private void addLayer(int layer, IntBuffer counts) {
        Integer index = indexOfLayer.get(layer);
        if (index == null || seen[index]) {
            throw new IllegalArgumentException("step " + open.id() + " has layer " + layer
                    + (index == null ? ", which the manifest does not list" : " twice"));
        }
        int experts = manifest.numExperts();
        counts.get(open.counts(), index * experts, experts);
        for (int e = index * experts; e < (index + 1) * experts; e++) {
            if (open.counts()[e] < 0) {
                throw new IllegalArgumentException("step " + open.id() + " has a negative count in layer " + layer);
            }
        }
        seen[index] = true;
        missing--;
        if (missing == 0) {
            steps.add(open);
        }
    }

    private void begin(long id, Phase phase, int tokens) {
        if (tokens < 0 || (!steps.isEmpty() && id <= steps.getLast().id())) {
            throw new IllegalArgumentException("step " + id + " has " + tokens
                    + " tokens or does not follow the step before it");
        }
        open = new LoadTrace.Step(id, phase, tokens, new int[manifest.layers() * manifest.numExperts()]);
        seen = new boolean[manifest.layers()];
        missing = manifest.layers();
    }

    private void end(ArrowFileInput input) throws IOException {
        if (missing > 0 && manifest.complete()) {
            throw new IOException(file + ": step " + open.id() + " lacks " + missing + " layers");
        }
        long tokens = steps.stream().mapToLong(LoadTrace.Step::tokens).sum();
        RowCount.check(file, input.isWhole(), manifest, "tokens", tokens, manifest.tokens());
    }
}
