package io.moeplan.recording.merge;

import io.moeplan.recording.Absent;
import io.moeplan.recording.Manifest;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Origin;
import io.moeplan.recording.Recording;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;

/** What several manifests have in common, and where they must not differ. */
final class MergedManifest {
    private static final String UNKNOWN = "unknown";
    private static final int SHOWN = 80;

    private final List<Recording> recordings;
    private final List<String> differences = new ArrayList<>();

    private MergedManifest(List<Recording> recordings) {
        this.recordings = recordings;
    }

    /** @throws IOException if they differ; one line says in what */
    static Manifest of(List<Recording> recordings, Merger.By by, String toolVersion) throws IOException {
        MergedManifest merged = new MergedManifest(recordings);
        Manifest first = recordings.getFirst().manifest();
        merged.same("mode", manifest -> manifest.mode().label());
        merged.same("num_experts", Manifest::numExperts);
        merged.same("top_k", Manifest::topK);
        merged.same("num_groups", Manifest::numGroups);
        merged.same("layer_ids", Manifest::layerIds);
        String type = merged.known("model_type", manifest -> manifest.model().modelType());
        String digest = merged.known("config_digest", manifest -> manifest.model().configDigest());
        String weights = merged.known("weights_digest", manifest -> manifest.model().weightsDigest());
        if (merged.anyEngine()) {
            merged.same("num_hidden_layers", Manifest::numHiddenLayers);
        }
        if (!merged.differences.isEmpty()) {
            throw new IOException(String.join("; ", merged.differences)
                    + ": recordings can be merged only where they agree");
        }
        return new Manifest(toolVersion, new Manifest.Model(merged.name(type), type, digest, weights),
                merged.most(Manifest::numHiddenLayers), first.layerIds(), first.numExperts(), first.topK(),
                first.numGroups(), first.mode(), merged.passTokens(by), null, merged.origin(by), 0, 0, null, false);
    }

    private <T> void same(String what, Function<Manifest, T> fact) {
        Recording first = recordings.getFirst();
        for (Recording other : recordings) {
            compare(what, first, fact.apply(first.manifest()), other, fact.apply(other.manifest()));
        }
    }

    /** A fact that some may not know. */
    private String known(String what, Function<Manifest, String> fact) {
        String known = null;
        Recording by = null;
        for (Recording each : recordings) {
            String told = fact.apply(each.manifest());
            if (told == null || told.equals(UNKNOWN)) {
                continue;
            }
            if (known == null) {
                known = told;
                by = each;
            }
            compare(what, by, known, each, told);
        }
        return known != null ? known : fact.apply(recordings.getFirst().manifest());
    }

    private <T> void compare(String what, Recording one, T its, Recording other, T others) {
        if (!Objects.equals(its, others)) {
            differences.add(what + " is " + shown(its) + " in " + one.dir() + ", " + shown(others) + " in "
                    + other.dir());
        }
    }

    private static String shown(Object value) {
        String text = String.valueOf(value);
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
    }

    /** Imports are named by their files, so a name that comes with a type is the better one. */
    private String name(String type) {
        return recordings.stream().map(each -> each.manifest().model())
                .filter(model -> model.modelType().equals(type)).findFirst().orElseThrow().name();
    }

    private boolean anyEngine() {
        return recordings.stream().anyMatch(each -> each.manifest().origin() instanceof Origin.Engine);
    }

    private int most(Function<Manifest, Integer> fact) {
        return recordings.stream().map(each -> fact.apply(each.manifest())).max(Integer::compare).orElseThrow();
    }

    /** Of per-token recordings how they are cut unless somebody says otherwise, of others the tokens of the largest step. */
    private int passTokens(Merger.By by) {
        if (by == Merger.By.TIME) {
            return most(Manifest::passTokens);
        }
        long sum = 0;
        for (Recording each : recordings) {
            sum += each.manifest().passTokens();
        }
        return (int) Math.min(Integer.MAX_VALUE, sum);
    }

    private Origin origin(Merger.By by) {
        List<Origin> origins = recordings.stream().map(each -> each.manifest().origin()).toList();
        Set<Absent> absent = EnumSet.noneOf(Absent.class);
        origins.forEach(origin -> absent.addAll(absent(origin)));
        boolean sums = recordings.getFirst().manifest().mode() != Mode.PER_TOKEN && by == Merger.By.TIME;
        if (sums) {
            absent.remove(Absent.STEPS);
        }
        if (origins.getFirst() instanceof Origin.Engine && origins.stream().distinct().count() == 1) {
            return origins.getFirst();
        }
        List<String> names = origins.stream().map(MergedManifest::name).distinct().toList();
        return new Origin.Import(names.size() == 1 ? names.getFirst() : "merge", absent);
    }

    private static Set<Absent> absent(Origin origin) {
        return origin instanceof Origin.Import imported ? imported.absent() : Set.of();
    }

    private static String name(Origin origin) {
        return switch (origin) {
            case Origin.Engine engine -> engine.engine();
            case Origin.Import imported -> imported.importer();
        };
    }
}
