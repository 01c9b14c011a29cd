/**
 * Products of activations with weight matrices, {@code y = x * W^T}, as a ladder of implementations from the fastest that
 * this machine has down to plain Java; {@link io.moeplan.engine.gemm.Gemms} says which ones it has and why not the others.
 *
 * <p>JMH measures them, and the engine's other kernels: {@code mvn -q test -Pkernels -DskipTests -pl analysis/engine -am}, with
 * {@code "-Dkernels=Gemm -p rows=256"} only what that names. What a whole run takes, {@code EngineBenchmark} among the tests
 * prints.
 */
package io.moeplan.engine.gemm;
