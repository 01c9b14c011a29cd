/** Expert loads, topologies, placements, planners, bounds, dispatch rules and plan files. Knows no engine and no Arrow. */
package io.moeplan.eplb;
