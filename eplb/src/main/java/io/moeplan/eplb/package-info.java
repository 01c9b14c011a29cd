/**
 * What plans are made of: loads, topologies, layouts, the problem and its lower bound. The packages below use it, never the
 * other way round. Nothing here knows an engine or Arrow.
 */
package io.moeplan.eplb;
