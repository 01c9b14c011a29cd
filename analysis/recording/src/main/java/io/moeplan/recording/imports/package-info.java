/**
 * Other engines' dumps and captures, read into ordinary recordings. A source is walked twice, once to see what it holds
 * and once to write it, and never held in memory as a whole.
 */
package io.moeplan.recording.imports;
