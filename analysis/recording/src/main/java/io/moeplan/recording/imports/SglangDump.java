package io.moeplan.recording.imports;

import io.moeplan.tensors.torch.TorchArchive;
import io.moeplan.tensors.torch.Value;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Predicate;

/**
 * What SGLang's expert distribution recorder dumped: {@code stat} and {@code stat_approx} a file of {@code logical_count},
 * {@code per_pass} and {@code per_token} a file of {@code records} for each rank.
 */
final class SglangDump {
    private static final String COUNT = "logical_count";
    private static final String RECORDS = "records";

    private SglangDump() {}

    /** Opens a file, or all {@code .pt} files of a folder. */
    @SuppressWarnings("MustBeClosedChecker") // the source that is returned closes the archives
    static LoadSource open(Path source) throws IOException {
        Archives archives = Archives.open(source);
        try {
            String name = SourceNames.of(source);
            if (archives.all().stream().allMatch(has(COUNT))) {
                return new SglangStat(name, archives);
            }
            for (TorchArchive archive : archives.all()) {
                if (!has(RECORDS).test(archive)) {
                    throw new IOException(
                            archive.path() + ": no dump of SGLang's recorder like the others: it has no \""
                                    + RECORDS + "\"; expected files of one mode, with \"" + COUNT + "\" or \"" + RECORDS
                                    + "\"");
                }
            }
            SglangPasses passes = SglangPasses.of(archives);
            return passes.hasTokens()
                    ? SglangTokens.scan(name, archives, passes)
                    : new SglangCounts(name, archives, passes);
        } catch (IOException | RuntimeException e) {
            archives.close();
            throw e;
        }
    }

    /** Whether it is such a file. */
    static boolean isOne(TorchArchive archive) {
        return has(COUNT).or(has(RECORDS)).test(archive);
    }

    private static Predicate<TorchArchive> has(String key) {
        return archive -> archive.root() instanceof Value.Dict dict && dict.get(key) != null;
    }
}
