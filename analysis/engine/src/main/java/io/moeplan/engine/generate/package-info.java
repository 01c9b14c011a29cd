/** Choosing tokens from logits, when to stop, and what comes out as a file. */
package io.moeplan.engine.generate;
