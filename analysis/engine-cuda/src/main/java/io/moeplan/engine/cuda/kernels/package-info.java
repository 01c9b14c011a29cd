/**
 * Operations made for particular shapes: each class queues kernels whose sources {@code *.cu} lie beside it in the resources, and
 * says which shapes it takes. {@link io.moeplan.engine.cuda.kernels.FastKernels} gives the one for a shape, if there is one.
 *
 * <p>The general kernels' sources are here as well; they need no class, only
 * {@link io.moeplan.engine.cuda.driver.Launcher#kernel}. Matrices are row-major, at device addresses.
 */
package io.moeplan.engine.cuda.kernels;
