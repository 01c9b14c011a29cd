package io.moeplan.recording.imports;

import io.moeplan.eplb.LoadTrace;
import io.moeplan.eplb.Phase;
import io.moeplan.recording.Absent;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Origin;
import io.moeplan.recording.RecordingWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Writes steps: sees first which layers and steps have counts, then writes those. */
final class StepImport {
    private final StepSource source;
    private final ImportOptions options;
    private final StepSource.Shape shape;
    private final boolean[] busy;
    private final int topK;
    private final Set<Absent> absent = EnumSet.noneOf(Absent.class);
    private long largestTokens = 1;
    private boolean phases;
    private boolean tokensTold = true;
    private long steps;

    private StepImport(StepSource source, ImportOptions options) {
        this.source = source;
        this.options = options;
        this.shape = source.shape();
        this.busy = new boolean[shape.layerNumbers().length];
        boolean known = shape.topK() > 0 || options.topK() != null;
        if (shape.topK() > 0 && options.topK() != null && options.topK() != shape.topK()) {
            throw new IllegalArgumentException(source.name() + ": its tokens go to " + shape.topK()
                    + " experts each, not to " + options.topK() + ": leave --top-k out");
        }
        if (known) {
            this.topK = shape.topK() > 0 ? shape.topK() : options.topK();
        } else {
            this.topK = 1;
            absent.add(Absent.TOP_K);
        }
    }

    static Manifest run(StepSource source, ImportOptions options, Path out, ImportProgress progress)
            throws IOException {
        StepImport made = new StepImport(source, options);
        source.forEachStep((id, phase, tokens, counts, done) -> {
            made.look(phase, tokens, counts);
            progress.done(done / 2);
        });
        Manifest manifest = made.manifest();
        try (RecordingWriter writer = RecordingWriter.create(out, manifest, RecordingWriter.Options.PLAIN)) {
            source.forEachStep((id, phase, tokens, counts, done) -> {
                made.write(writer, id, phase, tokens, counts);
                progress.done((1 + done) / 2);
            });
            return writer.finish(manifest);
        }
    }

    private void look(Phase phase, long given, long[] counts) throws IOException {
        boolean any = false;
        for (int layer = 0; layer < busy.length; layer++) {
            if (sum(counts, layer) > 0) {
                busy[layer] = true;
                any = true;
            }
        }
        if (any || !shape.dropsIdle()) {
            steps++;
            phases |= phase != Phase.MIXED;
            tokensTold &= given >= 0;
            largestTokens = Math.max(largestTokens, tokens(given, counts));
        }
    }

    private long sum(long[] counts, int layer) {
        long sum = 0;
        for (int i = layer * shape.experts(); i < (layer + 1) * shape.experts(); i++) {
            sum += counts[i];
        }
        return sum;
    }

    /** Where the source does not say: the largest layer's counts over top-k. */
    private int tokens(long given, long[] counts) throws IOException {
        long tokens = given;
        if (given < 0) {
            for (int layer = 0; layer < busy.length; layer++) {
                tokens = Math.max(tokens, Math.ceilDiv(sum(counts, layer), topK));
            }
        }
        if (tokens > Integer.MAX_VALUE) {
            throw new IOException(source.name() + ": a step of " + tokens + " tokens is more than "
                    + Integer.MAX_VALUE + (shape.topK() > 0 ? "" : "; give the experts per token with --top-k"));
        }
        return (int) tokens;
    }

    private List<Integer> layers() {
        List<Integer> layers = new ArrayList<>();
        for (int layer = 0; layer < busy.length; layer++) {
            if (busy[layer] || !shape.dropsIdle()) {
                layers.add(layer);
            }
        }
        return layers;
    }

    private Manifest manifest() throws IOException {
        List<Integer> layers = layers();
        if (steps == 0 || layers.isEmpty()) {
            throw new IOException(source.name() + ": holds no counts above 0; was anything recorded?");
        }
        absent.addAll(shape.absent());
        absent.add(Absent.REQUESTS);
        if (absent.contains(Absent.TOP_K) && !tokensTold) {
            absent.add(Absent.TOKENS);
        }
        if (!phases) {
            absent.add(Absent.PHASES);
        }
        List<Integer> numbers = layers.stream().map(layer -> shape.layerNumbers()[layer]).toList();
        int hidden = shape.hiddenLayers() > 0 ? shape.hiddenLayers() : numbers.getLast() + 1;
        return new Manifest(options.toolVersion(), Manifest.Model.named(source.name()), hidden, numbers,
                shape.experts(), topK, options.groups(), mode(), (int) largestTokens, null,
                new Origin.Import(source.format().label(), absent), 0, 0, null, false);
    }

    private Mode mode() {
        return shape.mode();
    }

    private void write(RecordingWriter writer, long id, Phase phase, long given, long[] counts) throws IOException {
        List<Integer> layers = layers();
        int experts = shape.experts();
        int[] kept = new int[layers.size() * experts];
        long all = 0;
        for (int i = 0; i < kept.length; i++) {
            long count = counts[layers.get(i / experts) * experts + i % experts];
            if (count > Integer.MAX_VALUE) {
                throw new IOException(source.name() + ": step " + id + " counts " + count
                        + " tokens for one expert, more than " + Integer.MAX_VALUE);
            }
            kept[i] = (int) count;
            all += count;
        }
        if (all > 0 || !shape.dropsIdle()) {
            writer.appendStep(new LoadTrace.Step(id, phase, tokens(given, counts), kept));
        }
    }
}
