/** Plans that follow a running deployment: expert moves, limits on them, and the loss of GPUs. */
package io.moeplan.eplb.migration;
