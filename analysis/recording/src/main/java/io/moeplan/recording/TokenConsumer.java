package io.moeplan.recording;

import java.io.IOException;

/** Takes the tokens of a recording, batch by batch. */
@FunctionalInterface
public interface TokenConsumer {
    /**
     * Takes one batch.
     *
     * @param batch valid during the call only: its arrays are used again for the next batch
     * @throws IOException to end the reading
     */
    void accept(TokenRows batch) throws IOException;
}
