/** Replays recorded requests as a deployment would batch them: the loads of its steps, for any number of ranks. */
package io.moeplan.eplb.replay;
