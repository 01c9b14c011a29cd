/** Planners, redundancy and GPUs side by side, judged on the same steps. */
package io.moeplan.eplb.compare;
