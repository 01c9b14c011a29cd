/** Skew, drift and per-tag difference of expert loads. */
package io.moeplan.statistics;
