/** Recordings written for others' tools: SGLang's counts, plain matrices, CSV and Parquet. */
package io.moeplan.recording.exports;
