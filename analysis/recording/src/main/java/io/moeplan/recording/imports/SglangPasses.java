package io.moeplan.recording.imports;

import io.moeplan.tensors.torch.Sequence;
import io.moeplan.tensors.torch.TorchArchive;
import io.moeplan.tensors.torch.Value;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The records of all files, put together by forward pass.
 *
 * @param passes  in the order in which they ran
 * @param layers  decoder layers
 * @param experts logical experts
 */
record SglangPasses(List<Pass> passes, int layers, int experts) {
    /**
     * A forward pass.
     *
     * @param id      ascending
     * @param records the ranks' parts
     */
    record Pass(long id, List<SglangRecord> records) {}

    /** A server that was started again counts its passes from 0 again: those are later passes. */
    private record When(int run, long passId) implements Comparable<When> {
        @Override
        public int compareTo(When other) {
            return run != other.run ? Integer.compare(run, other.run) : Long.compare(passId, other.passId);
        }
    }

    static SglangPasses of(Archives archives) throws IOException {
        Map<When, List<SglangRecord>> byPass = new TreeMap<>();
        Map<String, Integer> seen = new HashMap<>();
        PhysicalMap first = null;
        for (TorchArchive archive : archives.all()) {
            Value.Dict root = (Value.Dict) archive.root();
            PhysicalMap map = PhysicalMap
                    .of(Archives.tensor(archive.path(), root, "", "last_physical_to_logical_map", 2));
            first = first == null ? map : first;
            if (map.layers() != first.layers() || map.experts() != first.experts()) {
                throw new IOException(archive.path() + ": is of " + map.layers() + " layers x " + map.experts()
                        + " experts, " + archives.all().getFirst().path().getFileName() + " of " + first.layers()
                        + " x " + first.experts() + ": files of one model are expected");
            }
            for (SglangRecord record : records(archive, root, map)) {
                int run = seen.merge(record.passId() + " " + record.key(), 1, Integer::sum) - 1;
                byPass.computeIfAbsent(new When(run, record.passId()), when -> new ArrayList<>()).add(record);
            }
        }
        if (first == null || byPass.isEmpty()) {
            throw new IOException(archives.all().getFirst().path() + ": \"records\" is empty; was anything recorded?");
        }
        return new SglangPasses(numbered(byPass), first.layers(), first.experts());
    }

    private static List<SglangRecord> records(TorchArchive archive, Value.Dict root, PhysicalMap map)
            throws IOException {
        if (!(root.get("records") instanceof Value.Items(Sequence items))) {
            throw new IOException(archive.path() + ": \"records\" is no list");
        }
        List<SglangRecord> records = new ArrayList<>(items.size());
        for (int i = 0; i < items.size(); i++) {
            records.add(SglangRecord.of(archive.path(), i, items.get(i), map));
        }
        return records;
    }

    private static List<Pass> numbered(Map<When, List<SglangRecord>> byPass) {
        boolean restarted = byPass.keySet().stream().anyMatch(when -> when.run() > 0);
        List<Pass> passes = new ArrayList<>(byPass.size());
        byPass.forEach((when, records) -> passes.add(new Pass(restarted ? passes.size() : when.passId(), records)));
        return passes;
    }

    boolean hasTokens() {
        return passes.stream().flatMap(pass -> pass.records().stream()).allMatch(SglangRecord::hasTokens);
    }
}
