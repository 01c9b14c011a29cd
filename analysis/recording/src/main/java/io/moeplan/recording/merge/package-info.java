/** Several recordings of one model as one. */
package io.moeplan.recording.merge;
