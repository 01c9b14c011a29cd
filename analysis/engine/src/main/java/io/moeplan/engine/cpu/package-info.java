/** The CPU backend: plain loops that the JIT compiler vectorises, split over a fixed pool of threads. */
package io.moeplan.engine.cpu;
