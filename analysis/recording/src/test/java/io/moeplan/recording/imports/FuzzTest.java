package io.moeplan.recording.imports;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A few damaged dumps; {@link Fuzz#main} tries many. */
class FuzzTest {
    @TempDir
    private Path temp;

    @Test
    void damageEndsInAResultOrOneClearError() throws IOException {
        Fuzz.Tally tally = new Fuzz(7, temp).run(1500);
        assertThat(tally.results()).isPositive();
        assertThat(tally.errors()).isPositive();
    }
}
