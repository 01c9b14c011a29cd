/**
 * Products of activations with weight matrices, {@code y = x * W^T}, as a ladder of implementations from the fastest that
 * this machine has down to plain Java; {@link io.moeplan.engine.gemm.Gemms} says which ones it has and why not the others.
 */
package io.moeplan.engine.gemm;
