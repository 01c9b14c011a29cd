package io.moeplan.recording;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Recordings that went through other tools are still recordings. */
class ForeignWriterTest {
    /** {@code pyarrow-zstd}: five batches of {@link Samples}, written again by pyarrow 25 as one, with ZSTD. */
    @Test
    void pyarrowsFilesRead() throws IOException, URISyntaxException {
        Path dir = Path.of(getClass().getResource("/pyarrow-zstd/manifest.json").toURI()).getParent();
        Recording recording = Recording.open(dir);
        assertThat(recording.requests()).isEqualTo(Samples.requests(0, 10));
        int[] batches = new int[1];
        recording.forEachTokenBatch(batch -> {
            batches[0]++;
            assertThat(Samples.copy(batch, 6)).usingRecursiveComparison()
                    .isEqualTo(Samples.tokens(recording.manifest(), 0, 100, true));
        });
        assertThat(batches[0]).isEqualTo(1);
    }
}
