/**
 * The embedded Mixture-of-Experts engine: architecture as data, one prefill pass layer by layer, recording on; generation
 * for workloads without responses.
 */
package io.moeplan.engine;
