/**
 * Writes Parquet files: few types, no compression. The libraries there are either read only or bring Hadoop along.
 */
package io.moeplan.recording.parquet;
