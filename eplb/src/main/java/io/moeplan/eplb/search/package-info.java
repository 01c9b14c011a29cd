/**
 * The search for one layer's layout, on plain arrays: what to fill, how moves are priced, which moves are tried. How an
 * expert's tokens come to its replicas is a {@link io.moeplan.eplb.search.Split}; each has its own
 * {@link io.moeplan.eplb.search.GpuLoads}, and the search knows of neither.
 */
package io.moeplan.eplb.search;
