package io.moeplan.engine.workload;

import io.moeplan.engine.workload.Draft.Part;

/** What goes into the model and what came out of it. */
record Turn(Part prompt, Part response) {}
