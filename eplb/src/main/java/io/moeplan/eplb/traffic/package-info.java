/** What a layout costs on the wires between GPUs, and which experts are used together. */
package io.moeplan.eplb.traffic;
