package io.moeplan.engine.workload;

import io.moeplan.engine.workload.Draft.Part;

/**
 * What goes into the model and what came out of it.
 *
 * @param chat whether a chat template made the prompt of messages
 */
record Turn(Part prompt, Part response, boolean chat) {
    /** Of no chat. */
    Turn(Part prompt, Part response) {
        this(prompt, response, false);
    }
}
