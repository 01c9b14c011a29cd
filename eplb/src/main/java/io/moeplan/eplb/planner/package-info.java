/**
 * Planners behind one interface: the engines' default layout, the EPLB reference, TensorRT-LLM's greedy and moeplan's own
 * search. What one lays out becomes a plan, with its certificate, in {@link io.moeplan.eplb.planner.Planning}.
 */
package io.moeplan.eplb.planner;
