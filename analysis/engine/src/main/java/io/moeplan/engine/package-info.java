/** The embedded Mixture-of-Experts engine: architecture as data, one prefill pass layer by layer, recording on; generation. */
package io.moeplan.engine;
