package io.moeplan.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import org.junit.jupiter.api.Test;

class StandardOutputTest {
    private static StandardOutput written(OutputStream to) {
        StandardOutput out = new StandardOutput(to);
        PrintWriter writer = new PrintWriter(out, true, UTF_8);
        writer.println("results");
        writer.flush();
        return out;
    }

    private static OutputStream failing(String why) {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(why);
            }
        };
    }

    @Test
    void passesOnWhatIsWritten() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        assertThat(written(bytes).failure()).isEmpty();
        assertThat(bytes.toString(UTF_8)).startsWith("results");
    }

    @Test
    void lostResultsAreAFailure() {
        assertThat(written(failing("No space left on device")).failure()).hasValue("No space left on device");
    }

    @Test
    void aReaderThatWantsNoMoreIsNone() {
        assertThat(written(failing("Broken pipe")).failure()).isEmpty();
    }
}
