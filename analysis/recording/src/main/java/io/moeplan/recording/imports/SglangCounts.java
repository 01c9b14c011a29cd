package io.moeplan.recording.imports;

import io.moeplan.eplb.Phase;
import io.moeplan.recording.Mode;
import java.io.IOException;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.IntStream;

/** Mode {@code per_pass}: physical counts of each rank, added and mapped to logical ones. Dense layers are zeros. */
final class SglangCounts implements StepSource {
    private final String name;
    private final Archives archives;
    private final SglangPasses passes;

    SglangCounts(String name, Archives archives, SglangPasses passes) {
        this.name = name;
        this.archives = archives;
        this.passes = passes;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public SourceFormat format() {
        return SourceFormat.SGLANG;
    }

    @Override
    public Shape shape() {
        return new Shape(Mode.PER_PASS, IntStream.range(0, passes.layers()).toArray(), passes.layers(),
                passes.experts(), 0, true, Set.of());
    }

    @Override
    public void forEachStep(Visitor visitor) throws IOException {
        long[] logical = new long[passes.layers() * passes.experts()];
        int done = 0;
        for (SglangPasses.Pass pass : passes.passes()) {
            Arrays.fill(logical, 0);
            for (SglangRecord record : pass.records()) {
                add(record, logical);
            }
            done++;
            visitor.step(pass.id(), phase(pass), -1, logical, (double) done / passes.passes().size());
        }
    }

    private void add(SglangRecord record, long[] logical) throws IOException {
        PhysicalMap map = record.map();
        long[] physical = new long[map.layers() * map.physical()];
        Counts.add(record.counts(), 0, physical);
        for (int i = 0; i < physical.length; i++) {
            logical[i / map.physical() * passes.experts() + map.logical()[i]] += physical[i];
        }
    }

    private static Phase phase(SglangPasses.Pass pass) {
        if (!pass.records().stream().allMatch(SglangRecord::hasPhase)) {
            return Phase.MIXED;
        }
        long decoding = pass.records().stream().filter(SglangRecord::isDecode).count();
        if (decoding == 0) {
            return Phase.PREFILL;
        }
        return decoding == pass.records().size() ? Phase.DECODE : Phase.MIXED;
    }

    @Override
    public void close() {
        archives.close();
    }
}
